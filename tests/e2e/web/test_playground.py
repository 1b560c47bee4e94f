"""The playground: its examples do what they say, and a script in one of its frames reaches nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import run_node
from tests.support.parts import requires
from tests.support.processes import ServerProcess, server_process

HERE = Path(__file__).parent
LIMIT_S = 110.0

PRINTED = {
    "chat": [["Ben is here", "Ben: Hello Ada"], ["Ada: Hello Ben"]],
    "reactions": [["Ben: 👍", "Ben took 👍 back"], ["Shall we?", "Reacted, and thought again"]],
    "poll": [["Tea: 0, Coffee: 0", "Tea: 1, Coffee: 0"], ["Tea or coffee?", "It is closed"]],
    "edits": [["So early?", "Edited, and deleted"], ["said: Nine o’clock?", "edited: Ten o’clock?", "gone: deleted"]],
    "lobby": [["Ben knocks", "Ben is in"], ["waiting", "joined"]],
    "people": [["Ben is gone: left"], ['Ada L. {"team":"blue"}', 'pointer {"x":3,"y":4}']],
    "once": [["gone: viewed"], ['{"text":"","viewOnce":true}', "The code is 4711"]],
    "host": [["Read the rules", "Ben is out"], ["open pinned", "locked pinned", "kicked"]],
    "end": [["The room is over"], ["room-ended", "ROOM_ENDED"]],
}
"""What each example prints, Ada's script and Ben's."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    requires("node", "node packages")
    with server_process(STUN_URLS="") as running:
        yield running


async def test_each_example_does_what_it_says(server: ServerProcess) -> None:
    (printed,) = await run_node(HERE / "examples.mjs", server.url, json.dumps(PRINTED), limit_s=LIMIT_S)
    assert printed == PRINTED


async def test_the_playground_runs_them_and_lets_a_script_reach_nothing_else(server: ServerProcess) -> None:
    requires("chromium")
    (seen,) = await run_node(HERE / "playground.mjs", server.url, json.dumps(PRINTED), limit_s=LIMIT_S)
    assert seen["examples"] == PRINTED
    assert seen["faults"] == []
    *tried, api, failed = seen["reached"]
    assert len(tried) == 10
    assert [line for line in tried if not line.endswith(" refused")] == []
    assert api == "the API reached"
    assert failed == "TypeError: and it fails"
    assert seen["broken"][0].startswith("SyntaxError")
    assert seen["left"] == 0
    assert seen["errors"] == []
