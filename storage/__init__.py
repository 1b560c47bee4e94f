"""The stores behind `rooms.ports.Store`: in memory (the default) and in MongoDB."""
