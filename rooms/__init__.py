"""The rules of Mayfly's rooms, as plain synchronous Python.

Nothing in this package reads a clock, draws a random number, waits, or knows of a socket or a database: the time and
every new id come in as arguments, and what happened goes out as events. `now` is in seconds and never steps;
`Runtime.wall` makes it what people go by (decision 0019).
"""
