"""The React hooks under Strict Mode: bad links, several components with one room, and who is put out when one goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.nextjs.site import require_example
from tests.support.node import run_node
from tests.support.processes import server_process

SCRIPT = Path(__file__).with_name("hooks.mjs")
LIMIT_S = 60.0
FILE_BYTES = 3_000_000


async def test_hooks_share_a_room_and_let_go_of_their_own() -> None:
    require_example()
    with server_process(STUN_URLS="") as server:
        (seen,) = await run_node(SCRIPT, server.url, limit_s=LIMIT_S)
    assert isinstance(seen, dict)
    check(seen)


def check(seen: dict[str, Any]) -> None:
    assert seen["bad"] == "LINK_INVALID"
    assert seen["stands"] is True, "a bad link took the page down"
    assert seen["name"] == "Parent", "the child's options won over its parent's"
    assert seen["media"]["handRaised"] is True, "what the parent leaves open is the child's to say"
    assert seen["shared"] is True
    assert seen["swapped"] == "joined", "whoever went took somebody else's room along"
    assert seen["participantCount"] == 1
    assert seen["talk"] == {"before": 0, "readers": ["Other"], "heard": [["left", True]]}
    check_files(seen["exchanged"])
    assert seen["errors"] == []


def check_files(seen: dict[str, Any]) -> None:
    assert seen["waiting"] == "idle", "it was opened without being asked to"
    assert seen["texts"] == ["what is in it"] * 2
    assert seen["counts"] == [1]
    assert seen["grows"] is True
    assert 0 < seen["most"] <= seen["total"]
    assert seen["total"] >= FILE_BYTES, "sealed, it is longer"
    assert seen["gone"] == ["NOT_FOUND", None, "revoked"], "a file outlived its message"
