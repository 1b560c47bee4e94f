"""`@mayfly/client/testing` against the server: asked the same, it answers and tells the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rooms.errors import Code
from server.protocol.acknowledgements import CODE_INFO
from server.protocol.events import EVENTS
from tests.support.client import client_scripts
from tests.support.pace import PACE
from tests.support.processes import ROOT, server_process
from tests.support.shapes import check_ack, fits

LIMIT_S = 60.0 * PACE
CLIENT = ROOT / "client"
TRANSCRIPT = ROOT / "tests" / "support" / "transcript.mjs"

IDS = ("roomId", "id", "participantId", "epoch", "inviteId", "knockId", "pollId", "pinnedMessageId", "replyTo")
PEOPLE = ("sender", "from", "by", "to", "hostId", "author")
RANDOM = frozenset((*IDS, *PEOPLE, "resumeToken", "hostKey", "invite"))
TIMES = frozenset(("timestamp", "createdAt", "expiresAt", "joinedAt", "editedAt", "closesAt"))
ELSEWHERE = frozenset(
    ("limits", "resumeTtlS", "url", "message", "details", "senderName", "name", "iceServers", "iceExpiresAt")
)
"""what settings decide, or is for people"""

Lines = list[dict[str, Any]]


def transcript(where: str) -> Lines:
    done = subprocess.run(
        ["node", str(TRANSCRIPT), where], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    lines: Lines = json.loads(done.stdout)
    return lines


@pytest.fixture(scope="module")
def in_memory(node: str) -> Lines:
    return transcript("memory")


class Same:
    """Random values by the order in which they come, so that two transcripts can be compared."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            inside = {"reads", "votes"} & {key}
            return {
                self._named(name) if inside else name: self.of(each, name)
                for name, each in value.items()
                if name not in ELSEWHERE
            }
        if isinstance(value, list):
            return [self.of(each, "participantId" if key in ("typing", "participantIds") else key) for each in value]
        if key in TIMES and isinstance(value, str):
            return "a time"
        return self._named(value) if key in RANDOM and isinstance(value, str) else value

    def _named(self, value: str) -> str:
        return self._known.setdefault(value, f"#{len(self._known)}")


def test_it_answers_and_tells_what_the_server_does(in_memory: Lines) -> None:
    with server_process(STUN_URLS="", EVENTS_PER_S="0") as server:
        real = transcript(server.url)
    ours, theirs = Same(), Same()
    for number, (one, other) in enumerate(zip(in_memory, real, strict=True)):
        about = f"step {number}: {one.get('event') or one.get('rest') or 'gone'}"
        assert ours.of(one) == theirs.of(other), about


def test_whatever_it_says_is_of_the_published_shape(in_memory: Lines) -> None:
    events = 0
    for line in in_memory:
        for told in line.get("told", {}).values():
            for each in told:
                fits(EVENTS[each["event"]], each["payload"])
                events += 1
        if "ack" in line and line["event"] != "no-such-event":
            check_ack(line["event"], line["ack"])
    assert events > 100


IN_A_DOCUMENT = """
import { parseHTML } from "linkedom";
const { window, document } = parseHTML("<!doctype html><html><body></body></html>");
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Node.js" }, configurable: true });
Object.assign(globalThis, { window, document, HTMLElement: window.HTMLElement, Node: window.Node });
Object.assign(globalThis, { HTMLIFrameElement: class {}, IS_REACT_ACT_ENVIRONMENT: true });
"""
PACKAGES = (CLIENT / "node_modules", ROOT / "tests" / "node_modules", ROOT / "examples" / "nextjs" / "node_modules")


@pytest.fixture
def site(tmp_path: Path, node: str) -> Path:
    """A project with the client, React, and a document for Node.js."""
    modules = tmp_path / "node_modules"
    for file in [*client_scripts(), CLIENT / "package.json"]:
        copy = modules / "@mayfly" / "client" / file.relative_to(CLIENT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    for folder in PACKAGES:
        for package in folder.iterdir():
            if not (modules / package.name).exists():
                (modules / package.name).symlink_to(package)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "document.js").write_text(IN_A_DOCUMENT)
    return tmp_path


@pytest.mark.parametrize("name", ["room.test.js", "component.test.js"])
def test_the_examples_of_its_page_run(name: str, site: Path) -> None:
    page = (ROOT / "docs" / "client-testing.md").read_text()
    (code,) = re.findall(rf"<!-- snippet: {name} -->\n```js\n(.*?)```", page, re.DOTALL)
    (site / name).write_text(code)
    command = ["node", "--preserve-symlinks", "--import", "./document.js", "--test", name]
    done = subprocess.run(command, cwd=site, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"(# |ℹ )pass 1\b", done.stdout)


def test_it_knows_all_error_codes() -> None:
    script = "import { CODES } from './client/testkit/codes.js'; console.log(JSON.stringify(CODES));"
    command = ["node", "--input-type=module", "-e", script]
    said = json.loads(subprocess.run(command, cwd=Path(ROOT), capture_output=True, text=True, check=True).stdout)
    assert {code: (words[0], bool(words[1:] and words[1])) for code, words in said.items()} == {
        str(code): (CODE_INFO[code].message, CODE_INFO[code].retryable) for code in Code
    }
