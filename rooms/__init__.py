"""The rules of Mayfly's rooms, as plain synchronous Python.

Nothing in this package reads a clock, draws a random number, waits, or knows of a socket or a database: the time
(`now`, seconds since the Unix epoch) and every new id come in as arguments, and what happened goes out as events.
"""
