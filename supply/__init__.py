"""What the project is made of: locked requirements, their known faults, and a list of all parts."""
