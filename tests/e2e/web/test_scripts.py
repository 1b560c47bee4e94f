"""The scripts of page and client, without a browser: their own tests, and whether their types fit."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from tests.support.client import client_scripts
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import ROOT

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "tests",
    [
        ROOT / "client" / "test",
        HERE / "page.test.mjs",
        HERE / "arrange.test.mjs",
        HERE / "chat.test.mjs",
        HERE / "check.test.mjs",
        HERE / "speaker.test.mjs",
        HERE / "words.test.mjs",
    ],
    ids=["client", "page", "arrange", "chat", "check", "speaker", "words"],
)
async def test_what_needs_no_browser_holds(tests: Path) -> None:
    requires("node")
    await node("--test", str(tests))


async def test_hooks_and_parts_for_react_hold_on_preact_too() -> None:
    requires("node")
    tests = ROOT / "client" / "test"
    said = await node("--import", str(tests / "as-preact.js"), "--test", str(tests / "react.test.js"), REACT="preact")
    assert re.search(r"(# |ℹ )pass (1[89]|[2-9]\d)\b", said)


async def test_the_types_for_react_are_what_the_sources_say() -> None:
    requires("node", "node packages")
    await node(str(ROOT / "client" / "types" / "main.mjs"), "--check")


async def node(*arguments: str, **more: str) -> str:
    """What it said; it must have gone well. `more`: of its environment."""
    process = await asyncio.create_subprocess_exec(
        "node",
        *arguments,
        cwd=ROOT / "client",
        env={**os.environ, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60 * PACE)
    assert process.returncode == 0, output.decode()
    return output.decode()


COMPILER = ROOT / "tests" / "node_modules" / ".bin" / "tsc"


async def test_the_types_of_all_scripts_of_page_and_client_fit() -> None:
    """As `make check` asks: names that nobody declared, fields that are not there, refusals that no server has."""
    requires("node", "node packages")
    scripts = {*client_scripts(), *(ROOT / "web" / "app").rglob("*.js")}
    arguments = (str(COMPILER), "-p", str(ROOT / "tests" / "tsconfig.json"), "--listFiles", "--pretty", "false")
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60 * PACE)
    lines = output.decode().splitlines()
    assert [line for line in lines if ": error " in line] == []
    assert scripts <= {Path(line) for line in lines}
    assert process.returncode == 0
