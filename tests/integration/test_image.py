"""`Dockerfile` puts into an image all that the server needs, and `compose.yaml` sets what there is to be set."""

from __future__ import annotations

import re
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from server.settings import Settings
from tests.support.processes import ROOT, ServerProcess, launch

KEY = "an admin key of 22 characters or more"
COPY = re.compile(r"^COPY (?P<built>--from=page )?(?P<what>.+) (?P<to>\S+)$", re.MULTILINE)


def stages() -> list[str]:
    return re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]


def lay_out(stage: str, folder: Path) -> None:
    """Copy what a stage copies, as `.dockerignore` lets it."""
    for one in COPY.finditer(stage):
        for name in one["what"].split():
            source = ROOT / name.removeprefix("/app/")
            target = folder / one["to"] / source.name if one["to"].endswith("/") else folder / one["to"]
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*IGNORED))
            else:
                shutil.copy(source, target)


IGNORED = ("node_modules", "__pycache__", "test")


def test_the_image_has_all_that_the_server_needs(tmp_path: Path) -> None:
    lay_out(stages()[1], tmp_path)

    def make(port: int) -> ServerProcess:
        server = ServerProcess(port, {"ENVIRONMENT": "production", "PYTHONPATH": str(tmp_path), "ADMIN_KEY": KEY})
        server.cwd = tmp_path
        return server

    server = launch(make)
    try:
        for path in ("/", "/health", "/client.tgz", "/client/integrity.json", "/openapi.json", "/admin"):
            with urllib.request.urlopen(server.url + path, timeout=5) as answer:
                assert answer.status == 200, path
        assert "dist" not in server.log()  # the page is the built one, and of these sources
    finally:
        server.close()


def test_what_is_installed_is_what_the_lock_says() -> None:
    assert "--require-hashes -r requirements-server.lock" in stages()[1]


def test_what_is_copied_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for stage in stages():
        for one in COPY.finditer(stage):
            if one["built"] is None:
                for name in one["what"].split():
                    assert name.split("/")[0] in kept, name
    assert {line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("!")} == {
        "*",
        "**/node_modules",
        "**/__pycache__",
        "client/test",
    }


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def test_compose_sets_what_there_is() -> None:
    variables = set(compose()["services"]["mayfly"]["environment"])
    assert variables <= {name.upper() for name in Settings.model_fields}
    assert {"REDIS_URL", "MONGODB_URI", "STORAGE_SECRET", "TRUSTED_PROXY_HOPS"} <= variables


def test_what_compose_publishes_is_reached_from_this_machine_alone() -> None:
    ports = [port for service in compose()["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(re.match(r"\$\{(LISTEN|TURN_LISTEN):-127\.0\.0\.1", port) for port in ports)


def test_redis_of_compose_keeps_nothing_on_disk() -> None:
    command = compose()["services"]["redis"]["command"]
    assert command[command.index("--save") + 1] == ""
    assert command[command.index("--appendonly") + 1] == "no"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
