"""The documentation as a site: all of it is there, what leads nowhere fails, and nothing comes from another host."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from handbook.__main__ import build
from handbook.foreign import foreign
from handbook.links import FENCED, Wrong, as_is_read, on_the_site
from handbook.pages import MOVED
from tests.support.processes import ROOT

THERE = {"index.md", "client.md", "decisions/index.md", "decisions/0001-one-host.md", "openapi.json"}
WRITTEN = [*ROOT.glob("docs/**/*.md"), *(ROOT / path for path in MOVED if path.endswith(".md"))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("handbook"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project that has what a site needs, and one page."""
    root = tmp_path / "project"
    (root / "docs" / "decisions").mkdir(parents=True)
    (root / "docs" / "images").mkdir()
    for path in MOVED:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("# A page\n")
    (root / "docs" / "client.md").write_text("# The client\n\n## Coming back\n")
    pages = [*(address for address in MOVED.values() if address.endswith(".md")), "decisions/index.md", "client.md"]
    whole = (ROOT / "zensical.toml").read_text()
    (root / "zensical.toml").write_text(
        re.sub(r"^nav = \[.*?^\]", f"nav = {json.dumps(pages)}", whole, flags=re.M | re.S)
    )
    return root


def test_every_page_and_download_is_on_the_site(site: Path) -> None:
    documents = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*") if path.is_file()]
    assert {"openapi.json", "asyncapi.json", "events.d.ts"} <= {str(path) for path in documents}
    for path in [*documents, *map(Path, MOVED.values())]:
        made = path.with_suffix(".html") if path.suffix == ".md" else path
        assert (site / made).is_file(), made


def test_its_search_knows_the_words_of_its_pages(site: Path) -> None:
    """In a file of its own: nobody is asked what a reader looks for."""
    found = {
        each["location"]
        for each in json.loads((site / "search.json").read_text())["items"]
        if "Idempotency-Key" in each["text"]
    }
    assert any(location.startswith("client.html") for location in found)


def test_the_code_of_a_table_is_shown_as_github_shows_it(site: Path) -> None:
    assert '"ack" | "event" | "both"' in (site / "protocol.html").read_text()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_a_list_inside_a_list_is_one_on_the_site_too(path: Path) -> None:
    """GitHub takes two spaces for it; whatever reads Markdown as it was first described wants four."""
    text = "".join(FENCED.split(path.read_text())[::2])
    assert re.findall(r"^ {1,3}(?:[-*]|\d+\.) .*", text, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("[gone](gone.md)", "docs/client.md has a link to docs/gone.md"),
        ("[gone](client.md#gone)", "anchor does not exist"),
        ("[gone](../server/gone.py)", "docs/client.md has a link to server/gone.py"),
        ('<img src="https://example.com/a.png">', "https://example.com/a.png"),
    ],
)
def test_what_leads_nowhere_or_elsewhere_fails(small: Path, tmp_path: Path, link: str, wrong: str) -> None:
    with (small / "docs" / "client.md").open("a") as page:
        page.write(f"\n{link}\n")
    with pytest.raises(Wrong, match=re.escape(wrong)):
        build(small, tmp_path / "made")


def test_what_leads_somewhere_does_not_fail(small: Path, tmp_path: Path) -> None:
    with (small / "docs" / "client.md").open("a") as page:
        page.write(
            "\n[back](#coming-back), [the first](../README.md#a-page), [why](decisions), [to](../zensical.toml)\n"
        )
    text = (build(small, tmp_path / "made") / "client.html").read_text()
    assert '<a href="index.html#a-page">the first</a>' in text
    assert "to (<code>zensical.toml</code>)" in text


def test_a_page_of_no_menu_fails(small: Path, tmp_path: Path) -> None:
    shutil.copyfile(small / "docs" / "client.md", small / "docs" / "new.md")
    with pytest.raises(Wrong, match=r"no place for new\.md"):
        build(small, tmp_path / "made")


@pytest.mark.parametrize(
    ("page", "written", "read"),
    [
        ("client.md", "[a](decisions/0001-one-host.md#b)", "[a](decisions/0001-one-host.md#b)"),
        ("decisions/0001-one-host.md", "[a](../client.md)", "[a](../client.md)"),
        ("index.md", "[a](docs/client.md#b) ![c](docs/openapi.json)", "[a](client.md#b) ![c](openapi.json)"),
        ("client.md", "[a](../README.md)", "[a](index.md)"),
        ("index.md", "[docs/decisions](docs/decisions)", "[docs/decisions](decisions/index.md)"),
        ("client.md", "[`index.d.ts`](../client/index.d.ts)", "`client/index.d.ts`"),
        ("client.md", "[our client](../client)", "our client (`client`)"),
        ("client.md", "[a](https://example.com/b)", "[a](https://example.com/b)"),
        ("client.md", "```md\n[a](../client)\n```\n", "```md\n[a](../client)\n```\n"),
    ],
)
def test_links_are_those_of_the_site(page: str, written: str, read: str) -> None:
    assert on_the_site(written, page, MOVED, THERE, ROOT) == read


def test_only_code_of_tables_loses_its_backslashes() -> None:
    assert as_is_read("| `a \\| b` | c \\| d |\n`e \\| f`\n") == "| `a | b` | c \\| d |\n`e \\| f`\n"


@pytest.mark.parametrize(
    "part",
    [
        '<script src="https://cdn.example.com/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.com/css">',
        '<link rel="preconnect" href="https://fonts.example.com">',
        '<img srcset="a.png 1x, https://example.com/b.png 2x">',
        "<style>@import 'https://example.com/a.css';</style>",
        '<p style="background: url(https://example.com/a.png)">',
        '<svg><image href="https://example.com/a.png"/></svg>',
    ],
)
def test_what_is_fetched_from_another_host_is_seen(tmp_path: Path, part: str) -> None:
    (tmp_path / "page.html").write_text(part)
    assert len(foreign(tmp_path)) == 1


def test_links_that_a_reader_follows_are_none(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<a href="https://example.com">a</a><script src="assets/a.js"></script><img src="a.png">'
    )
    (tmp_path / "a.css").write_text("a { background: url(data:image/png;base64,//aa) }")
    assert foreign(tmp_path) == []
