"""The scripts of page and client, without a browser: their own tests, and names that nobody declared."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.parts import requires
from tests.support.processes import ROOT

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "tests",
    [ROOT / "client" / "test", HERE / "page.test.mjs", HERE / "arrange.test.mjs", HERE / "chat.test.mjs"],
    ids=["client", "page", "arrange", "chat"],
)
async def test_what_needs_no_browser_holds(tests: Path) -> None:
    requires("node")
    process = await asyncio.create_subprocess_exec(
        "node",
        "--test",
        str(tests),
        cwd=ROOT / "client",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()


# "Cannot find name", "has no exported member", and their kin: what a merge leaves behind, and a browser meets too late.
UNDECLARED = re.compile(r"error TS(2304|2305|2552|2614|2724):")
CHECK = "--allowJs --checkJs --noEmit --target esnext --module esnext --moduleResolution bundler --lib esnext,dom"


async def test_every_name_in_the_scripts_of_page_and_client_is_declared() -> None:
    requires("node", "node packages")
    scripts = sorted([*(ROOT / "web" / "app").glob("*.js"), *(ROOT / "client").glob("*.js")])
    compiler = ROOT / "tests" / "node_modules" / "typescript" / "bin" / "tsc"
    process = await asyncio.create_subprocess_exec(
        "node", str(compiler), *CHECK.split(), *map(str, scripts), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    lines = output.decode().splitlines()
    assert any("TS2307" in line for line in lines), "the scripts were read: paths of the server are no modules on disk"
    assert [line for line in lines if UNDECLARED.search(line)] == []
