"""Which build a process is made of: never a stale one, and only what was asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.modules import LEFT_OUT, modules
from server import builds
from server.builds import PURE, RECORD, SUFFIX, choice, digest, modules_in
from tests.support.pace import PACE
from tests.support.processes import ROOT


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The sources of a small server."""
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "app.py").write_text("LIMIT = 1\n")
    return tmp_path


@pytest.fixture
def folder(tree: Path) -> Path:
    """A build of it."""
    built = tree / "build" / "compiled"
    (built / "server").mkdir(parents=True)
    (built / "server" / f"app{SUFFIX}").touch()
    (built / f"mayfly__mypyc{SUFFIX}").touch()
    (built / RECORD).write_text(json.dumps({"digest": digest(tree)}))
    return built


def test_nobody_gets_a_build_that_they_did_not_ask_for(folder: Path, tree: Path) -> None:
    assert choice("pure", folder, tree) is PURE


@pytest.mark.parametrize("asked", ["auto", "compiled"])
def test_a_build_of_these_sources_is_taken(asked: str, folder: Path, tree: Path) -> None:
    chosen = choice(asked, folder, tree)
    assert (chosen.build, chosen.doubt) == ("compiled", "")
    assert chosen.modules == modules_in(folder)
    assert set(chosen.modules) == {"mayfly__mypyc", "server.app"}


@pytest.mark.parametrize("change", ["an edit", "a new module", "one that is gone"])
def test_a_stale_build_is_never_taken_and_that_is_said_in_one_line(change: str, folder: Path, tree: Path) -> None:
    source = tree / "server" / "app.py"
    if change == "an edit":
        source.write_text("LIMIT = 2\n")
    elif change == "a new module":
        (tree / "server" / "more.py").touch()
    else:
        source.unlink()
    chosen = choice("auto", folder, tree)
    assert (chosen.build, chosen.modules) == ("pure", {})
    assert "other sources" in chosen.doubt
    assert "\n" not in chosen.doubt
    with pytest.raises(ValueError, match=r"other sources.*make compile"):
        choice("compiled", folder, tree)


def test_a_build_of_another_interpreter_is_stale(folder: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds.platform, "python_version", lambda: "3.99.0")
    assert choice("auto", folder, tree).build == "pure"


def test_where_there_is_none_only_who_insists_hears_of_it(tree: Path) -> None:
    assert choice("auto", tree / "nowhere", tree) == PURE
    with pytest.raises(ValueError, match="no compiled build"):
        choice("compiled", tree / "nowhere", tree)


def test_a_half_written_build_is_none(folder: Path, tree: Path) -> None:
    (folder / RECORD).unlink()
    assert choice("auto", folder, tree) == PURE


def test_a_word_that_is_none_of_the_three_stops_the_server() -> None:
    started = _python("import server", MAYFLY_BUILD="fast")
    assert started.returncode == 2
    assert started.stderr == "MAYFLY_BUILD: one of pure, auto, compiled\n"


def test_without_being_asked_a_process_is_pure() -> None:
    started = _python("import server, rooms.room; print(server.BUILD, rooms.room.__file__.endswith('.py'))")
    assert started.stdout == "pure True\n"


def test_what_is_compiled_is_there_and_what_is_left_out_would_be() -> None:
    """A row of a module that was moved would leave out nothing."""
    found = modules(ROOT)
    assert {"rooms/room.py", "server/transport/engineio/parser.py", "server/usecases/joining.py"} <= set(found)
    assert not set(found) & set(LEFT_OUT)
    assert all((ROOT / path).is_file() for path in LEFT_OUT)


def test_this_process_is_the_build_that_was_asked_for() -> None:
    import server
    from rooms import room

    asked = os.environ.get(builds.VARIABLE) or "pure"
    assert asked == server.BUILD or asked == "auto"
    assert str(room.__file__).endswith(SUFFIX) is (server.BUILD == "compiled")


def _python(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != builds.VARIABLE} | more
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30 * PACE, check=False
    )
