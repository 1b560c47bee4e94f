"""The examples of the client's pages do what they say, against a real server, and leave out no method and no event."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.node import run_node
from tests.support.parts import requires
from tests.support.processes import ROOT, server_process

TYPES = (ROOT / "client" / "index.d.ts").read_text()
EXAMPLES = (ROOT / "docs" / "client-examples.md").read_text()
FAULTS = {"gap", "request-failed", "error", "device-lost", "signal-refused"}
"""Events of what goes wrong by itself: the page says what they carry."""


async def test_the_examples_about_messages_run_as_they_stand() -> None:
    requires("node", "node packages")
    with server_process(STUN_URLS="") as server:
        (seen,) = await run_node(Path(__file__).parent / "documented.mjs", server.url)
    assert seen == {
        "answers": True,
        "reactions": ["👍"],
        "undone": True,
        "refused": [],
        "opened": "of Ben",
        "sent": "of Ada",
        "progress": 1,
    }


async def test_each_example_tells_what_stands_beside_it() -> None:
    requires("node", "node packages")
    with server_process() as server:
        (ran,) = await run_node(Path(__file__).parent / "examples.mjs", server.url)
    assert len(ran) == EXAMPLES.count("```js") - 1, (
        "that of the call runs in a browser: tests/e2e/calls/test_example.py"
    )


def declared(interface: str) -> str:
    found = re.search(rf"^export interface {interface} {{\n(.*?)^}}", TYPES, re.MULTILINE | re.DOTALL)
    assert found, interface
    return re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL)


def test_each_method_and_event_has_an_example() -> None:
    scripts = "\n".join(re.findall(r"^```js\n(.*?)^```", EXAMPLES, re.MULTILINE | re.DOTALL))
    methods = set(re.findall(r"^  (\w+)(?:<[^(]*>)?\(", declared("Room") + declared("Call"), re.MULTILINE))
    missing = {name for name in methods - {"subscribe"} if f".{name}(" not in scripts}
    functions = set(re.findall(r"^  readonly (\w+): typeof", declared("Client"), re.MULTILINE))
    assert missing | {name for name in functions if f"{name}(" not in scripts} == set()
    events = set(re.findall(r'^  "?([\w-]+)"?:', declared("RoomEvents"), re.MULTILINE))
    events |= set(re.findall(r'on\(event: "([\w-]+)"', declared("Call")))
    assert {name for name in events - FAULTS if f'.on("{name}"' not in scripts} == set()
    assert {name for name in FAULTS if f"`{name}`" not in EXAMPLES and f'.on("{name}"' not in EXAMPLES} == set()
