"""What one address has, and has guessed, counts at all nodes after a second."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from rooms.errors import Code, Refused
from server.cluster.shared_limits import MAX_TOLD, SharedLimits
from server.security.guesses import PASSWORD_FAILURES, Guesses
from server.security.quotas import Bounds, Quotas

ADDRESS = "203.0.113.7"


class Board:
    def __init__(self) -> None:
        self.posted: dict[str, bytes] = {}

    async def post(self, node: str, told: bytes) -> None:
        self.posted[node] = told

    async def read(self, nodes: Collection[str]) -> Mapping[str, bytes]:
        return {node: self.posted[node] for node in nodes if node in self.posted}


class Node:
    """One of several, with limits of its own."""

    def __init__(self, name: str, board: Board, names: Collection[str]) -> None:
        self.me = name
        self._names = names
        self.quotas = Quotas(Bounds(connections_per_address=3, seats_per_address=2))
        self.guesses = Guesses(lambda: 0.0)
        self.limits = SharedLimits(board, self, self.quotas, self.guesses)

    def nodes(self) -> Collection[str]:
        return self._names


@pytest.fixture
def pair() -> tuple[Node, Node]:
    board, names = Board(), ("a", "b")
    return Node("a", board, names), Node("b", board, names)


async def told(*nodes: Node) -> None:
    for node in (*nodes, *nodes):
        await node.limits.step()


def refused(call: object) -> Code:
    with pytest.raises(Refused) as found:
        call()  # type: ignore[operator]
    return found.value.code


async def test_connections_of_an_address_count_wherever_they_are(pair: tuple[Node, Node]) -> None:
    a, b = pair
    a.quotas.connect("1", (ADDRESS,))
    b.quotas.connect("2", (ADDRESS,))
    b.quotas.connect("3", (ADDRESS,))
    await told(a, b)
    assert refused(lambda: a.quotas.connect("4", (ADDRESS,))) is Code.QUOTA_EXCEEDED
    a.quotas.connect("5", ("203.0.113.8",))  # another address has its own
    b.quotas.disconnect("2")
    await told(b, a)
    a.quotas.connect("4", (ADDRESS,))


async def test_what_a_node_had_goes_with_it(pair: tuple[Node, Node]) -> None:
    a, b = pair
    for connection in "123":
        b.quotas.connect(connection, (ADDRESS,))
    await told(a, b)
    a._names = ("a",)
    await told(a)
    a.quotas.connect("4", (ADDRESS,))


async def test_seats_count_likewise(pair: tuple[Node, Node]) -> None:
    a, b = pair
    a.quotas.seat_taken("room", "ada", (ADDRESS,))
    b.quotas.seat_taken("other", "ada", (ADDRESS,))
    await told(a, b)
    assert refused(lambda: a.quotas.check_seat((ADDRESS,))) is Code.QUOTA_EXCEEDED


async def test_wrong_passwords_count_at_all_nodes(pair: tuple[Node, Node]) -> None:
    a, b = pair
    await told(a, b)
    for node in (a, b):
        for _ in range(PASSWORD_FAILURES // 2):
            node.guesses.failed("password", ADDRESS)
    await told(a, b)
    assert refused(lambda: a.guesses.failed("password", ADDRESS)) is Code.RATE_LIMITED
    assert refused(lambda: b.guesses.failed("password", ADDRESS)) is Code.RATE_LIMITED
    a.guesses.failed("password", "203.0.113.8")


async def test_a_failure_is_held_against_nobody_twice(pair: tuple[Node, Node]) -> None:
    a, b = pair
    await told(a, b)
    for _ in range(PASSWORD_FAILURES - 2):
        b.guesses.failed("password", ADDRESS)
    for _ in range(10):
        await told(b, a)
    a.guesses.failed("password", ADDRESS)


async def test_a_newcomer_holds_nothing_of_before_against_anybody(pair: tuple[Node, Node]) -> None:
    a, b = pair
    for _ in range(PASSWORD_FAILURES):
        b.guesses.failed("password", ADDRESS)
    await told(b, a)
    a.guesses.failed("password", ADDRESS)


async def test_a_right_password_counts_nowhere(pair: tuple[Node, Node]) -> None:
    a, b = pair
    await told(a, b)
    for _ in range(PASSWORD_FAILURES):
        b.guesses.failed("password", ADDRESS)
        b.guesses.forgive("password", ADDRESS)
    await told(b, a)
    for _ in range(PASSWORD_FAILURES):
        a.guesses.failed("password", ADDRESS)


def test_of_many_addresses_those_with_the_most_are_told() -> None:
    quotas = Quotas(Bounds(connections_per_address=10))
    for number in range(MAX_TOLD + 10):
        quotas.connect(f"{number}", (f"198.51.100.{number}",))
    quotas.connect("more", ("198.51.100.3",))
    assert quotas.most(MAX_TOLD)["connections_per_address"]["198.51.100.3"] == 2
    assert len(quotas.most(MAX_TOLD)["connections_per_address"]) == MAX_TOLD
