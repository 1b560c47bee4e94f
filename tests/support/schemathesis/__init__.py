"""What Schemathesis needs to get past the door: rooms that are there, and the keys of what it asks for."""
