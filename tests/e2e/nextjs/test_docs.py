"""What `docs/nextjs.md` tells people to paste is what the tests run, and it compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.nextjs.site import EXAMPLE, require_example
from tests.support.pace import PACE
from tests.support.processes import ROOT

GUIDE = ROOT / "docs" / "nextjs.md"
SNIPPET = re.compile(r"<!-- snippet:start -->\n+```tsx\n(.*?)```\n+<!-- snippet:end -->", re.DOTALL)
TSX_BLOCK = re.compile(r"```tsx\n(.*?)```", re.DOTALL)
MAX_SNIPPET_LINES = 15
MAX_EXAMPLE_LINES = 200
COMPILE_LIMIT_S = 120.0 * PACE


@pytest.mark.parametrize("document", [ROOT / "README.md", GUIDE], ids=lambda path: path.name)
def test_documents_quote_the_page_that_two_browsers_are_tested_with(document: Path) -> None:
    (quoted,) = SNIPPET.findall(document.read_text())
    assert quoted == (EXAMPLE / "app" / "plain" / "[roomId]" / "page.tsx").read_text()


def test_the_snippet_has_fifteen_lines_below_its_directive() -> None:
    (quoted,) = SNIPPET.findall(GUIDE.read_text())
    directive, *lines = [line for line in quoted.splitlines() if line.strip()]
    assert directive == '"use client";'
    assert len(lines) <= MAX_SNIPPET_LINES


def test_the_guide_quotes_the_route_handler_of_the_example() -> None:
    handler = (EXAMPLE / "app" / "api" / "rooms" / "route.ts").read_text()
    assert f"```ts\n{handler}```" in GUIDE.read_text()


def test_the_example_stays_short() -> None:
    sources = [EXAMPLE / "next.config.ts", *(path for path in (EXAMPLE / "app").rglob("*") if path.suffix != ".svg")]
    lines = [line for path in sources if path.is_file() for line in path.read_text().splitlines() if line.strip()]
    assert len(lines) < MAX_EXAMPLE_LINES


def test_every_component_of_the_guide_compiles_under_strict_types(tmp_path: Path) -> None:
    require_example()
    (tmp_path / "node_modules").symlink_to(EXAMPLE / "node_modules")
    shutil.copy(EXAMPLE / "tsconfig.json", tmp_path)
    # As in every Next.js site: the types of Next.js bring those of Node.js with them.
    (tmp_path / "next-env.d.ts").write_text('/// <reference types="next" />\n')
    blocks = TSX_BLOCK.findall(GUIDE.read_text())
    assert len(blocks) >= 3
    for number, block in enumerate(blocks):
        (tmp_path / f"component{number}.tsx").write_text(block)
    tsc = EXAMPLE / "node_modules" / ".bin" / "tsc"
    done = subprocess.run([tsc, "-p", tmp_path], cwd=tmp_path, capture_output=True, text=True, timeout=COMPILE_LIMIT_S)
    assert done.returncode == 0, done.stdout
