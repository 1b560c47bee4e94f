"""A build is served where it is of the sources that are there; otherwise the sources are, and it is said."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from pathlib import Path

import pytest

from server.transport.http.bundle import Bundle, digest, read_build, sources
from server.transport.http.sending import preferred
from tests.support.pace import PACE
from tests.support.processes import ROOT

HASHED, PLAIN = "/assets/main-1.js", "/client.tgz"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two sources, and a build of them."""
    for name in ("client/index.js", "web/app/main.js", "web/node_modules/left/out.js", "client/test/out.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    make(tmp_path)
    return tmp_path


def make(project: Path) -> None:
    (project / "dist").mkdir(exist_ok=True)
    (project / "dist" / "index.html").write_text("<!doctype html>")
    (project / "dist" / "main-1.js").write_text("plain")
    (project / "dist" / "main-1.js.br").write_text("brotli")
    about = {"file": "main-1.js", "type": "text/javascript", "shared": False}
    files = {
        HASHED: {**about, "encodings": ["br"], "immutable": True},
        PLAIN: {**about, "encodings": [], "immutable": False},
    }
    manifest = {"sources": digest(project), "page": "index.html", "files": files}
    (project / "dist" / "manifest.json").write_text(json.dumps(manifest))


def edit(project: Path, text: str) -> None:
    source = project / "web" / "app" / "main.js"
    source.write_text(text)
    os.utime(source, ns=(0, source.stat().st_mtime_ns + 1))


def test_a_build_of_these_sources_is_served(project: Path) -> None:
    bundle = Bundle(project)
    build = bundle.current()
    assert build is not None
    assert build.page == "<!doctype html>"
    assert build.files[HASHED].variants == {"": b"plain", "br": b"brotli"}
    assert bundle.file(PLAIN) is not None
    assert bundle.file("/assets/other.js") is None
    assert bundle.doubt() == ""


@pytest.mark.parametrize("watch", [True, False])
def test_a_build_of_other_sources_is_not_and_it_is_said(project: Path, watch: bool) -> None:
    edit(project, "something else")
    bundle = Bundle(project, watch=watch)
    assert bundle.current() is None
    assert bundle.file(PLAIN) is None
    assert "built of other sources" in bundle.doubt()
    assert "make install" in bundle.doubt()


def test_what_has_a_hash_in_its_name_is_never_out_of_date(project: Path) -> None:
    edit(project, "something else")
    assert Bundle(project).file(HASHED) is not None


def test_in_development_an_edit_and_a_new_build_are_noticed_while_it_runs(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = Bundle(project, watch=True)
    assert bundle.current() is not None
    edit(project, "something else")
    with caplog.at_level(logging.WARNING):
        assert bundle.current() is None
        assert bundle.current() is None
    assert [record.message for record in caplog.records] == [bundle.doubt()]
    make(project)
    assert bundle.current() is not None


def test_a_file_that_is_added_or_taken_away_is_an_edit_too(project: Path) -> None:
    bundle = Bundle(project, watch=True)
    added = project / "client" / "more.js"
    added.write_text("more")
    assert bundle.current() is None
    added.unlink()
    assert bundle.current() is not None


def test_elsewhere_nothing_is_looked_at_again(project: Path) -> None:
    bundle = Bundle(project)
    assert bundle.current() is not None
    edit(project, "something else")
    assert bundle.current() is not None


def test_without_a_build_it_is_said_how_to_make_one(project: Path) -> None:
    (project / "dist" / "manifest.json").unlink()
    bundle = Bundle(project)
    assert bundle.current() is None
    assert "not built" in bundle.doubt()


@pytest.mark.parametrize("manifest", ["", "{}", '{"sources": "x", "page": "index.html", "files": {"/x": {}}}'])
def test_a_damaged_build_is_none(project: Path, manifest: str) -> None:
    (project / "dist" / "manifest.json").write_text(manifest)
    assert read_build(project / "dist") is None
    assert Bundle(project).current() is None


def test_what_others_install_is_no_source(project: Path) -> None:
    assert sources(project) == ["client/index.js", "web/app/main.js"]


def test_the_build_computes_the_same_digest(node: str) -> None:
    script = "import { digest } from './web/build/sources.mjs'; console.log(digest());"
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30 * PACE)
    assert done.stdout.strip() == digest(ROOT)


BOTH = {"": b"", "br": b"", "gzip": b""}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br ; q=0.5 , gzip;q=1.0", "br"),
        ("identity", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("gzip;q=0, *", "br"),
        ("br;q=odd", ""),
        ("brotli", ""),
        (",,;,=", ""),
    ],
)
def test_the_better_coding_that_a_client_takes(accepted: str, coding: str) -> None:
    assert preferred(accepted, BOTH) == coding
    assert preferred(accepted, {"": b""}) == ""
