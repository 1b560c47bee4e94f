"""The files that deploy Mayfly say what Render understands, and what the server does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from dotenv import dotenv_values

from server.settings import Settings
from tests.support.processes import ROOT
from tests.support.render_blueprint import BLUEPRINT, PAID_FIELDS, WEB_SERVICE

# Read by Render's build, not by the server (https://render.com/docs/language-support).
BUILD_VARIABLES = {"PYTHON_VERSION", "NODE_VERSION"}
# Set by Render, or of no use in one place only.
SECRETS = {"ADMIN_KEY", "API_KEYS", "JOIN_JWT_SECRET", "WEBHOOK_SECRET", "MONGODB_URI", "TURN_SECRET"}

TEXT = (ROOT / "render.yaml").read_text()


def blueprint() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


def service() -> dict[str, Any]:
    (only,) = blueprint()["services"]
    assert isinstance(only, dict)
    return only


def env_vars() -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in service()["envVars"]}


def commented(start: str, end: str) -> str:
    """The YAML in the commented block between two marks."""
    block = TEXT[TEXT.index(start) : TEXT.index(end)].splitlines()[1:]
    return "\n".join(re.sub(r"^( *)# ?", r"\1", line) for line in block)


def setting_names() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def test_render_knows_every_field() -> None:
    jsonschema.validate(blueprint(), BLUEPRINT)


@pytest.mark.parametrize(
    "damage",
    [
        {"healthcheckPath": "/health"},
        {"plan": "gratis"},
        {"runtime": "python3"},
        {"healthCheckPath": "health"},
        {"envVars": [{"key": "A", "value": "1", "sync": False}]},
        {"envVars": [{"key": "A"}]},
    ],
)
def test_the_field_table_refuses_what_render_refuses(damage: dict[str, Any]) -> None:
    damaged = deepcopy(blueprint())
    damaged["services"][0].update(damage)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(damaged, BLUEPRINT)


def test_it_asks_for_nothing_that_the_free_plan_refuses() -> None:
    assert service()["plan"] == "free"
    assert set(service()) & set(PAID_FIELDS) == set()
    assert blueprint().keys() == {"services"}


def test_the_paid_options_are_valid_once_uncommented() -> None:
    paid = yaml.safe_load(commented("-- Paid options", "-- End of the paid options"))
    assert set(paid) == {"plan", "maxShutdownDelaySeconds", "numInstances"}
    assert paid["numInstances"] == 2
    jsonschema.validate({**service(), **paid}, WEB_SERVICE)


def test_the_key_value_store_is_valid_once_uncommented() -> None:
    stores = yaml.safe_load(commented("# persistence off in its settings", "-- End of the Key Value store"))
    both = {"services": [service(), *stores]}
    jsonschema.validate(both, BLUEPRINT)
    assert stores[0]["ipAllowList"] == []
    assert stores[0]["maxmemoryPolicy"] == "noeviction"  # else it would forget rooms


def test_the_variable_that_leads_to_it_is_valid_once_uncommented() -> None:
    (variable,) = yaml.safe_load(commented("-- The variable that leads to", "-- End of the variable"))
    stores = yaml.safe_load(commented("# persistence off in its settings", "-- End of the Key Value store"))
    jsonschema.validate({**service(), "envVars": [*service()["envVars"], variable]}, WEB_SERVICE)
    assert variable["key"].lower() in Settings.model_fields
    assert variable["fromService"]["name"] == stores[0]["name"]


def test_procfile_and_blueprint_start_the_same_command() -> None:
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert procfile == {"web": service()["startCommand"]}


def test_every_variable_is_one_that_the_server_or_the_build_reads() -> None:
    assert set(env_vars()) - BUILD_VARIABLES - setting_names() == set()
    assert set(env_vars()) >= BUILD_VARIABLES


def test_the_values_are_accepted_by_the_server() -> None:
    values = {name.lower(): str(each["value"]) for name, each in env_vars().items() if "value" in each}
    settings = Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]
    assert not settings.development
    assert settings.log_format == "json"
    assert settings.trusted_proxy_hops == 3


def test_no_secret_is_written_down() -> None:
    assert {name for name in SECRETS if "value" in env_vars()[name]} == set()
    for name in ("ADMIN_KEY", "API_KEYS"):
        assert env_vars()[name] == {"key": name, "generateValue": True}


def test_versions_are_pinned_and_agree() -> None:
    python = str(env_vars()["PYTHON_VERSION"]["value"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", python)
    assert python.startswith((ROOT / ".python-version").read_text().strip() + ".")
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(env_vars()["NODE_VERSION"]["value"]))


def test_the_build_installs_from_files_that_are_there() -> None:
    files = {
        "requirements-server.lock": "pip install -r requirements-server.lock",
        "client/package-lock.json": "npm ci --prefix client",
        "web/package-lock.json": "npm ci --prefix web",
        "web/build/main.mjs": "npm run build --prefix web",
    }
    for file, command in files.items():
        assert command in service()["buildCommand"]
        assert (ROOT / file).exists()


def test_the_build_needs_no_package_of_development_and_runs_what_make_runs() -> None:
    """Where NODE_ENV is `production`, `npm ci` leaves the others out."""
    web = json.loads((ROOT / "web" / "package.json").read_text())
    assert "esbuild" in web["dependencies"]
    assert web["scripts"]["build"] == "node build/main.mjs"
    assert service()["buildCommand"].endswith("npm run build --prefix web")
    assert "npm run build --silent --prefix web" in (ROOT / "Makefile").read_text()
    assert "dist/" in (ROOT / ".gitignore").read_text().splitlines()


def requirements(name: str) -> dict[str, str]:
    """package → version specifier, of a requirements file."""
    lines = [line.strip() for line in (ROOT / name).read_text().splitlines()]
    return {
        found[1]: found[2]
        for line in lines
        if line and not line.startswith(("#", "-")) and (found := re.match(r"([\w.-]+)(?:\[[\w,]+\])?(.*)", line))
    }


def test_a_deployment_installs_what_the_server_needs_and_not_the_test_peer() -> None:
    deployed, whole = requirements("requirements-server.txt"), requirements("requirements.txt")
    assert deployed.items() <= whole.items()
    assert "aiohttp" in deployed
    assert {"aiortc", "av"}.isdisjoint(deployed)


def test_the_server_starts_without_the_packages_of_the_test_peer(tmp_path: Path) -> None:
    for name in ("aiortc", "av", "aioice"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not deployed')")
    loaded = "sorted(sys.modules.keys() & {'aiortc', 'av', 'peer'})"
    code = f"import server.__main__, server.app, storage.mongo, sys; print({loaded})"
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_example_environment_names_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    example = ROOT / ".env.example"
    assert set(dotenv_values(example)) == setting_names()
    assert Settings(_env_file=example) == Settings(_env_file=None)  # type: ignore[call-arg]


def test_the_example_environment_explains_every_setting() -> None:
    paragraph = 0
    for line in (ROOT / ".env.example").read_text().splitlines():
        paragraph = paragraph + 1 if line.startswith("#") else paragraph
        if not line:
            paragraph = 0
        assert not line or paragraph, f"{line} has no explanation above it"
