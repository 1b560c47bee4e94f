"""What clients may ask for, one function each: look at the seat, change the room, tell those concerned."""
