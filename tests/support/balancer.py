"""A balancer without stickiness: each new connection goes to the next of several servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.support.proxy import TcpProxy


class Balancer(TcpProxy):
    """A `TcpProxy` whose connections go to `targets` in turn. `targets` may be changed at any time."""

    def __init__(self, targets: Sequence[int]) -> None:
        self.targets = list(targets)
        self._turn = 0
        super().__init__(0)

    @property
    def target_port(self) -> int:
        """Of the next connection."""
        self._turn += 1
        return self.targets[self._turn % len(self.targets)]

    @target_port.setter
    def target_port(self, port: int) -> None:
        if port:
            self.targets = [port]


@contextmanager
def balancer(targets: Sequence[int]) -> Iterator[Balancer]:
    """A running balancer, closed on the way out."""
    made = Balancer(targets)
    made.start()
    try:
        yield made
    finally:
        made.close()
