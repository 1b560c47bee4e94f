"""The arrows between packages: server → {signaling, storage} → rooms → stdlib; third-party code at its edges."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.client import CLIENT, PARTS
from tests.support.processes import ROOT

OURS = ("server", "signaling", "storage", "rooms", "peer", "mayfly_client", "compiler", "supply", "handbook")
MAY_IMPORT = {
    "server": {"server", "signaling", "storage", "rooms"},
    "signaling": {"signaling", "rooms", "peer"},
    "storage": {"storage", "rooms"},
    "rooms": {"rooms"},
    "peer": {"peer", "mayfly_client"},
    "mayfly_client": {"mayfly_client"},
    "compiler": {"compiler", "server"},
    "supply": {"supply"},
    "handbook": {"handbook"},
}
"""package → which of our packages it may import"""

EDGES = {
    "motor": ("storage/mongo/",),
    "pymongo": ("storage/mongo/",),
    "bson": ("storage/mongo/",),
    "redis": ("storage/redis/",),
    "hiredis": ("storage/redis/",),
    "aiortc": ("peer/",),
    "aioice": ("peer/",),
    "av": ("peer/",),
    "cryptography": ("mayfly_client/", "server/security/seals.py", "storage/"),
    "aiohttp": ("server/", "mayfly_client/rest.py"),
    "mypyc": ("compiler/",),
    "setuptools": ("compiler/",),
    "multidict": ("server/transport/engineio/",),
    "yarl": ("server/transport/http/urls.py",),
    "msgspec": ("server/protocol/decoding.py", "storage/redis/"),
    "annotated_types": ("server/protocol/decoding.py",),
    "websockets": ("server/transport/engineio/masking.py",),
    "socketio": ("server/transport/socketio/host.py", "mayfly_client/channel.py"),
    "engineio": ("server/transport/socketio/host.py", "server/transport/engineio/"),
    "pydantic": ("server/",),
    "pydantic_core": ("server/",),
    "pydantic_settings": ("server/settings.py",),
    "dotenv": ("server/settings.py", "storage/audit.py"),
    "sentry_sdk": ("server/observability/errors.py",),
    "structlog": ("server/observability/logs.py", "server/transport/http/request_log.py"),
    "jwt": ("server/security/join_tokens.py", "server/security/key_sets.py"),
    "orjson": ("server/",),
    "prometheus_client": ("server/observability/",),
    "typing_extensions": ("server/protocol/requests.py", "server/protocol/decoding.py"),
    "uvloop": ("server/__main__.py",),
}
"""third-party package → the only files that may import it"""

FLOORS = {
    "protocol": set(),
    "security": set(),
    "outbound": {"protocol"},
    "cluster": {"protocol", "outbound"},
    "usecases": {"protocol", "security", "outbound", "cluster"},
    "transport/engineio": set(),
    "transport/socketio": {"protocol", "security", "cluster", "usecases", "transport/engineio"},
    "transport/client": {"security", "outbound"},
    "doctor": {"security", "transport/client"},
    "faults": {"protocol", "usecases", "transport/engineio", "transport/socketio"},
    "observability": {"protocol", "security", "outbound", "usecases", "transport/socketio"},
    "schema": {"protocol", "usecases", "transport/engineio", "observability"},
    "transport/http": {"protocol", "security", "cluster", "usecases", "observability", "schema", "transport/engineio"},
}
"""folder of `server/` → the others that it may import; what lies in `server/` itself puts them together"""

ROOT_MODULES = {"server.builds", "server.clocks", "server.settings"}
"""modules of `server/` itself that the floors may import: they import nothing but rules and `security`"""

CLIENT_FLOORS = {
    "crypto": set(),
    "core": {"crypto"},
    "messages": {"core", "crypto"},
    "files": {"messages", "core", "crypto"},
    "call": {"core", "crypto"},
    "react": {"files", "messages", "call", "core"},
    "testkit": {"core"},
}
"""folder of `client/` → the others that it may import; what lies in `client/` itself puts them together"""

CLIENT_ROOT_MODULES = {
    "client/errors.js": set(CLIENT_FLOORS),
    "client/client.js": {"react"},
    "client/index.js": {"react"},
}
"""module of `client/` itself → the folders that may import it"""

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


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a file's syntax tree: parsed once, as most tests here look at each file."""
    return list(ast.walk(ast.parse(path.read_text())))


def files_of(folder: str, ending: str, left_out: Container[str] = ("__pycache__", "node_modules")) -> list[Path]:
    """The files below a folder; not even looked at are folders of these names."""
    found: list[Path] = []
    for place, folders, names in os.walk(ROOT / folder):
        folders[:] = [name for name in folders if name not in left_out]
        found += (Path(place, name) for name in names if name.endswith(ending))
    return sorted(found)


def sources(package: str) -> list[Path]:
    return files_of(package, ".py")


def imports(path: Path) -> Iterator[str]:
    """The full name of every module that a file imports, wherever in the file it does."""
    for node in nodes(path):
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


def folder_of(module: str) -> str:
    """The floor of `server/` that a module is on; empty for what lies in `server/` itself, and for other packages."""
    parts = module.split(".")
    for length in (3, 2):
        name = "/".join(parts[1:length])
        if parts[0] == "server" and name in FLOORS:
            return name
    return ""


@pytest.mark.parametrize("floor", FLOORS)
def test_no_arrow_goes_up_inside_the_server(floor: str) -> None:
    wrong = [
        f"{named(path)} imports {module}"
        for path in sources(f"server/{floor}")
        for module in imports(path)
        if module.startswith("server.")
        and folder_of(module) not in FLOORS[floor] | {floor}
        and not any(module == one or module.startswith(f"{one}.") for one in ROOT_MODULES)
    ]
    assert wrong == []


def test_what_every_floor_may_import_brings_no_other_floor_along() -> None:
    graph = edges()
    wrong = [
        f"{name} imports {module}"
        for name in sorted(ROOT_MODULES)
        for module in graph[name]
        if not module.startswith(("rooms.", "server.security."))
    ]
    assert wrong == []


def test_every_folder_of_the_server_is_on_a_floor() -> None:
    found = {str(path.parent.relative_to(ROOT / "server")) for path in sources("server")}
    assert found == {".", "transport", *FLOORS}


def edges() -> dict[str, set[str]]:
    """module → the modules of ours that it imports, wherever in the file, also for types alone."""
    modules = {named(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in ALL}
    return {
        name: {one for module in imported(path) if (one := _known(module, modules)) and one != name}
        for name, path in modules.items()
    }


def imported(path: Path) -> Iterator[str]:
    """As `imports`, with the names that are imported: they may be modules."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _known(module: str, modules: dict[str, Path]) -> str:
    while module and module not in modules:
        module = module.rpartition(".")[0]
    return module


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The modules that are left when those that import nothing of the rest are taken away, again and again."""
    left = {name: set(targets) for name, targets in graph.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def test_a_circle_is_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


def test_no_module_is_in_a_circle() -> None:
    assert circle_in(edges()) == []


def scripts(folder: str) -> list[Path]:
    """The JavaScript of the client or the page, without what it installs and what tests it."""
    return files_of(folder, ".js", ("node_modules", "test"))


def js_imports(source: str) -> list[str]:
    """The modules beside it that a script imports, at once or later; comments, where types are imported, left out."""
    code = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.findall(r"""(?:\bfrom|\bimport|\bimport\()\s*["'](\.[^"']+)["']""", code)


def test_the_imports_of_a_script_are_found() -> None:
    source = 'import { a } from "./a.js";\n/** @param {import("./b.js").B} b */\nimport "./c.js";\nimport("../d.js");\n'
    assert js_imports(source) == ["./a.js", "./c.js", "../d.js"]


@pytest.mark.parametrize("folder", ["client", "web"])
def test_no_script_is_in_a_circle(folder: str) -> None:
    graph = {
        named(path): {named((path.parent / one).resolve()) for one in js_imports(path.read_text())}
        for path in scripts(folder)
    }
    assert sum(map(len, graph.values())) > 50
    assert circle_in(graph) == []


def client_imports(folder: str) -> Iterator[tuple[str, str]]:
    """Each module of a folder of the client with each that it imports, both from the root."""
    for path in scripts(f"client/{folder}"):
        for one in js_imports(path.read_text()):
            yield named(path), named((path.parent / one).resolve())


@pytest.mark.parametrize("floor", CLIENT_FLOORS)
def test_no_arrow_goes_up_inside_the_client(floor: str) -> None:
    found = list(client_imports(floor))
    wrong = [
        f"{path} imports {module}"
        for path, module in found
        if module.split("/")[1] not in CLIENT_FLOORS[floor] | {floor}
        and floor not in CLIENT_ROOT_MODULES.get(module, ())
    ]
    assert found
    assert wrong == []


@pytest.mark.parametrize("floor", CLIENT_FLOORS)
def test_every_arrow_that_the_client_may_have_is_there(floor: str) -> None:
    found = {module for _, module in client_imports(floor)}
    assert {module.split("/")[1] for module in found if module.count("/") == 2} - {floor} == CLIENT_FLOORS[floor]


def test_what_every_folder_of_the_client_may_import_imports_nothing() -> None:
    everywhere = [name for name, folders in CLIENT_ROOT_MODULES.items() if folders == set(CLIENT_FLOORS)]
    assert everywhere
    assert [name for name in everywhere if js_imports((ROOT / name).read_text())] == []


def test_every_folder_of_the_client_is_on_a_floor() -> None:
    assert set(PARTS) == set(CLIENT_FLOORS)
    found = {path.relative_to(CLIENT).parts[0] for path in scripts("client") if path.parent != CLIENT}
    assert found == {"server", *CLIENT_FLOORS}  # `server` is a package of its own


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
    door = ROOT / "signaling" / "peer"
    return sources("rooms") + [path for path in sources("signaling") if not path.is_relative_to(door)]


def test_the_rules_know_no_clock_no_chance_and_no_wire() -> None:
    wrong = [f"{named(path)} imports {m}" for path in pure() for m in imports(path) if m.partition(".")[0] in IMPURE]
    assert wrong == []


def test_nothing_waits_inside_the_rules() -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path in pure()
        if path.name != "ports.py"  # the port of a store is asynchronous, and only the server uses it
        for node in nodes(path)
        if isinstance(node, waiting)
    ]
    assert wrong == []


def test_nothing_but_its_door_imports_the_test_peer() -> None:
    door = ROOT / "signaling" / "peer"
    wrong = [
        f"{named(path)} imports {module}"
        for path in ALL
        if "peer" not in path.relative_to(ROOT).parts[:1] and not path.is_relative_to(door)
        for module in imported(path)
        if f"{module}.".startswith(("peer.", "signaling.peer."))
    ]
    assert wrong == []


def test_the_engine_knows_nothing_of_rooms() -> None:
    wrong = [
        f"{named(path)} imports {module}"
        for path in sources("server/transport/engineio")
        for module in imports(path)
        if module.partition(".")[0] in OURS and not module.startswith("server.transport.engineio")
    ]
    assert wrong == []


def test_the_dispatcher_and_the_use_cases_know_no_socket() -> None:
    wire = {"aiohttp", "socketio", "engineio"}
    inner = [path for place in ("protocol", "security", "outbound", "usecases") for path in sources(f"server/{place}")]
    wrong = [
        f"{named(path)} imports {module}"
        for path in inner
        for module in imports(path)
        if module.partition(".")[0] in wire
    ]
    assert wrong == []


def test_only_delivery_and_the_sockets_send() -> None:
    """One way out: nobody else sends through the engine, or by python-socketio's `emit`."""
    allowed = {
        "server/outbound/delivery.py",
        "server/transport/socketio/namespace.py",
        "server/cluster/gated.py",  # for the namespace, once it may
        "server/faults/engine.py",  # for the namespace, and not always
        "server/transport/socketio/everywhere.py",  # the engine of connections here and on other nodes
        "server/transport/socketio/routed.py",  # what another node's delivery has said
        "server/transport/socketio/admin.py",  # in a namespace of its own, which tells of numbers only
    }
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path in sources("server")
        if named(path) not in allowed and "engineio" not in path.parts
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in ("emit", "broadcast", "send_text")
    ]
    assert wrong == []


BESIDE_THE_COMMIT = {
    "delivery": {"aftermath", "moderation", "signaling", "visits"},
    "journal": {"endings", "owning", "reading", "spending"},
}
"""part of the way out → the use cases that speak to it themselves, and why: docs/decisions/0028-one-commit.md"""


@pytest.mark.parametrize("part", BESIDE_THE_COMMIT)
def test_use_cases_hand_what_happened_to_the_publisher(part: str) -> None:
    found = {
        path.stem
        for path in sources("server/usecases")
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == part
    }
    assert found == BESIDE_THE_COMMIT[part]


def test_secrets_are_compared_at_the_edge_alone() -> None:
    """Who asks is found out once: use cases ask the `Actor`, and a room knows the digests of its own."""
    allowed = ("server/security/", "rooms/digests.py", "server/transport/http/callers.py")
    wrong = [
        f"{named(path)}:{node.lineno}"
        for package in MAY_IMPORT["server"]
        for path in sources(package)
        if not named(path).startswith(allowed)
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "compare_digest"
    ]
    assert wrong == []


def test_no_test_imports_another() -> None:
    """What tests share is in `tests/support`, or in a module beside them that is no test and no conftest."""
    wrong = [
        f"{named(path)} imports {module}"
        for path in [*sources("tests"), *sources("benchmarks")]
        for module in imports(path)
        if module.startswith("tests.") and module.rpartition(".")[2].startswith(("test_", "conftest"))
    ]
    assert wrong == []


def test_what_tests_share_imports_no_folder_of_tests() -> None:
    wrong = [
        f"{named(path)} imports {module}"
        for path in sources("tests/support")
        for module in imports(path)
        if module.startswith("tests.") and not module.startswith("tests.support.")
    ]
    assert wrong == []
