"""Implementations of `rooms.ports.Store`."""
