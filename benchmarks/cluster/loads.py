"""Loads that wait until a message has arrived, not only until it was acknowledged: some servers acknowledge before."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.clients import MAX_EVENTS, Client, Fleet
from benchmarks.plan import Scenario
from benchmarks.throughput import TURN_S, AckedLoad, FanOutLoad, Load

MOST_AHEAD = 32
"""Messages of a fan-out that were acknowledged and have not arrived at everybody."""


class PairsLoad(AckedLoad):
    """Rooms of two: whoever is heard by the other says the next thing, so that no queue grows between processes."""

    def __init__(self, fleet: Fleet, senders: Sequence[Client], scenario: Scenario) -> None:
        super().__init__(fleet, senders, scenario)
        rooms: dict[str, list[int]] = {}
        for client in senders:
            rooms.setdefault(client.room, []).append(client.fd)
        self._other = {fd: others[1 - at] for others in rooms.values() for at, fd in enumerate(others)}

    def turn(self) -> None:
        """Count deliveries and acknowledgements; each of the former lets the other go on."""
        buffer, sockets, counters, acks = self._buffer, self._sockets, self._counters, self._acks
        events = self._poll(TURN_S, MAX_EVENTS)
        for fd, _ in events:
            size = sockets[fd].recv_into(buffer)
            self.acked += acks[fd].count(buffer, size)
            heard = counters[fd].count(buffer, size)
            self.delivered += heard
            while heard and self.sent < self._last:
                self._send(self._other[fd])
                heard -= 1
        self.reads += len(events)


class HeardLoad(FanOutLoad):
    """One sender, held back where those who receive fall behind."""

    def turn(self) -> None:
        """As in any fan-out; while too much is on its way, only read."""
        if self.sent < self._last and self.sent - self.delivered // self._receivers >= MOST_AHEAD:
            self._sweep()
        else:
            super().turn()


def load_of(fleet: Fleet, senders: Sequence[Client], scenario: Scenario) -> Load:
    """The load that the scenario asks for."""
    return (HeardLoad if scenario.kind == "fan-out" else PairsLoad)(fleet, senders, scenario)
