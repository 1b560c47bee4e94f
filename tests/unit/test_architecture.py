"""The arrows of the house: server → {signaling, storage} → rooms → the standard library, and edges at their places."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT

OURS = ("server", "signaling", "storage", "rooms")
MAY_IMPORT = {
    "server": {"server", "signaling", "storage", "rooms"},
    "signaling": {"signaling", "rooms"},
    "storage": {"storage", "rooms"},
    "rooms": {"rooms"},
}
"""package → which of our packages it may import"""

EDGES = {
    "motor": ("storage/mongo.py",),
    "pymongo": ("storage/mongo.py",),
    "bson": ("storage/mongo.py",),
    "aiortc": ("signaling/peer/",),
    "aioice": ("signaling/peer/",),
    "av": ("signaling/peer/",),
    "aiohttp": ("server/", "signaling/peer/own_room.py"),
    "socketio": ("server/transport/socketio/host.py", "signaling/peer/"),
    "engineio": ("server/transport/socketio/host.py", "server/engine/"),
    "pydantic": ("server/",),
    "pydantic_core": ("server/",),
    "pydantic_settings": ("server/settings.py",),
    "dotenv": ("server/settings.py",),
    "orjson": ("server/",),
    "prometheus_client": ("server/observability/",),
    "typing_extensions": ("server/payloads.py",),
    "uvloop": ("server/__main__.py",),
}
"""third-party package → the only files that may import it"""

IMPURE = frozenset(
    {
        "asyncio",
        "concurrent",
        "datetime",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
    }
)
"""Clocks, randomness, input and output: the rules have none of them."""


def sources(package: str) -> list[Path]:
    return sorted(path for path in (ROOT / package).rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    """The full name of every module that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            assert node.module is not None
            yield node.module


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


ALL = [path for package in OURS for path in sources(package)]


def test_an_import_inside_a_function_counts(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("import a.b\ndef f():\n    from c.d import e\n    import g as h\n")
    assert list(imports(source)) == ["a.b", "c.d", "g"]


def test_there_is_something_to_check() -> None:
    assert len(ALL) > 80
    assert all(sources(package) for package in OURS)


@pytest.mark.parametrize("package", OURS)
def test_the_arrows_point_inwards(package: str) -> None:
    wrong = [
        f"{named(path)} imports {module}"
        for path in sources(package)
        for module in imports(path)
        if module.partition(".")[0] in set(OURS) - MAY_IMPORT[package]
    ]
    assert wrong == []


def test_third_party_code_stays_at_its_edge() -> None:
    wrong = []
    for path in ALL:
        for module in imports(path):
            top = module.partition(".")[0]
            if top in OURS or top in sys.stdlib_module_names:
                continue
            if not any(named(path).startswith(place) for place in EDGES.get(top, ())):
                wrong.append(f"{named(path)} imports {module}")
    assert wrong == []


def pure() -> list[Path]:
    peer = ROOT / "signaling" / "peer"
    return sources("rooms") + [path for path in sources("signaling") if not path.is_relative_to(peer)]


def test_the_rules_know_no_clock_no_chance_and_no_wire() -> None:
    wrong = [f"{named(path)} imports {m}" for path in pure() for m in imports(path) if m.partition(".")[0] in IMPURE]
    assert wrong == []


def test_nothing_waits_inside_the_rules() -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path in pure()
        if path.name != "ports.py"  # the port of a store is asynchronous, and only the server uses it
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, waiting)
    ]
    assert wrong == []


def test_the_server_never_imports_the_test_peer() -> None:
    wrong = [named(path) for path in sources("server") for m in imports(path) if m.startswith("signaling.peer")]
    assert wrong == []


def test_the_engine_knows_nothing_of_rooms() -> None:
    wrong = [
        f"{named(path)} imports {module}"
        for path in sources("server/engine")
        for module in imports(path)
        if module.partition(".")[0] in OURS and not module.startswith("server.engine")
    ]
    assert wrong == []


def test_the_dispatcher_and_the_use_cases_know_no_socket() -> None:
    wire = {"aiohttp", "socketio", "engineio"}
    inner = [ROOT / "server" / name for name in ("dispatcher.py", "commands.py", "replies.py", "payloads.py")]
    wrong = [
        f"{named(path)} imports {module}"
        for path in [*inner, *sources("server/usecases")]
        for module in imports(path)
        if module.partition(".")[0] in wire
        or module in ("server.transport.socketio.host", "server.transport.socketio.namespace", "server.gateway")
    ]
    assert wrong == []


def test_only_delivery_and_the_sockets_send() -> None:
    """One way out: nobody else calls the outlet or python-socketio's emit."""
    allowed = {"server/delivery.py", "server/transport/socketio/namespace.py"}
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path in sources("server")
        if named(path) not in allowed and "engine" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("emit", "broadcast", "send_text")
    ]
    assert wrong == []
