"""Schemathesis against a real server: whatever the description of its REST calls allows, and what it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.schema.operations import OPERATIONS
from tests.support.processes import ROOT, server_process

CONFIG = str(ROOT / "tests/support/schemathesis/schemathesis.toml")
HOOKS = "tests.support.schemathesis.hooks"
SEED = 20_261
API_KEY, ADMIN_KEY = "an-api-key-of-thirty-letters-x", "an-admin-key-of-thirty-letters"
SETTINGS = {
    "API_KEYS": f"site:{API_KEY}",
    "ADMIN_KEY": ADMIN_KEY,
    "MESSAGE_LOG": "on",
    "EVENTS_PER_S": "0",
    "MAX_ROOMS_PER_ADDRESS": "0",
    "LOG_LEVEL": "error",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("examples", "settings"),
    [
        pytest.param(20, {}, id="20 a call"),
        pytest.param(
            20, {"MAX_ROOM_TTL_S": "100000", "MAX_ROOM_CAPACITY": "50"}, id="with ceilings of an operator's own"
        ),
        pytest.param(2_000, {}, id="2,000 a call", marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
    ],
)
def test_every_call_does_as_it_is_described(
    mongo_uri: str, tmp_path: Path, examples: int, settings: dict[str, str]
) -> None:
    """All of its checks: statuses, shapes, what is refused, what needs a key, what is gone once it was deleted."""
    with server_process(**SETTINGS, MONGODB_URI=mongo_uri, **settings) as server:
        told = {"MAYFLY_URL": server.url, "MAYFLY_API_KEY": API_KEY, "MAYFLY_ADMIN_KEY": ADMIN_KEY}
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG]
        command += ["run", f"{server.url}/openapi.json"]
        command += ["--max-examples", str(examples), "--seed", str(SEED), "--generation-database", "none"]
        command += ["--warnings", "off", "--no-color"]
        env = {**os.environ, **told, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        print(done.stdout)
        assert done.returncode == 0, done.stderr
        assert server.running()
        assert "Traceback" not in server.log()
        assert f"{len(OPERATIONS)} selected / {len(OPERATIONS)} total" in done.stdout
