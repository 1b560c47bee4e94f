"""Nodes tell each other which database they use: each says once that another uses another, and when that is over."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

import pytest

from rooms.ports import StoreUnavailable
from server.cluster.one_database import OneDatabase


class Board:
    def __init__(self) -> None:
        self.posted: dict[str, bytes] = {}

    async def post(self, node: str, told: bytes) -> None:
        self.posted[node] = told

    async def read(self, nodes: Collection[str]) -> Mapping[str, bytes]:
        return {node: self.posted[node] for node in nodes if node in self.posted}


class Node:
    def __init__(self, name: str, board: Board, database: str | None) -> None:
        self.me = name
        self.one_database = True
        self.database = database
        self.board = board
        self.one = OneDatabase(board, self, self.identity)

    def nodes(self) -> Collection[str]:
        return "a", "b", "c"

    async def identity(self) -> str:
        if self.database is None:
            raise StoreUnavailable("not reached")
        return self.database


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.name == "server.cluster.one_database"]
    caplog.clear()
    return found


@pytest.mark.parametrize(("mine", "other", "apart"), [("x", "x", 0), ("x", "y", 1), ("x", "", 1), ("", "", 0)])
async def test_each_says_once_that_another_uses_another(
    mine: str, other: str, apart: int, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board()
    pair = [Node("a", board, mine), Node("b", board, other)]
    for _ in range(3):
        for node in pair:
            await node.one.step()
    assert [node.one_database for node in pair] == [not apart] * 2
    told = lines(caplog)
    assert len(told) == 2 * apart, "one line of each"
    assert all(line.startswith("1 of the processes on this Redis use another MongoDB") for line in told)


async def test_that_it_is_over_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    board = Board()
    node, other, late = Node("a", board, "x"), Node("b", board, "y"), Node("c", board, None)
    await other.one.step()
    await node.one.step()
    assert len(lines(caplog)) == 1
    with pytest.raises(StoreUnavailable):
        await late.one.step()
    assert "c" not in board.posted, "what is not known is not told"
    board.posted["b"] = b"x"  # another process has its place
    await node.one.step()
    assert node.one_database
    assert lines(caplog) == ["All processes on this Redis use one MongoDB again, or none."]
