"""`make audit` against services of advisories that know of faults, know of none, and cannot be reached; `make sbom`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from supply import audit, sbom
from tests.support.processes import LOOPBACK, ROOT, free_port

LOCK = f"six==1.17.0 \\\n    --hash=sha256:{'0' * 64}\nidna==3.10 \\\n    --hash=sha256:{'1' * 64}\n"
PACKAGE = {"name": "x", "version": "1.0.0", "dependencies": {"ms": "2.0.0"}}
PACKAGE_LOCK = {
    "name": "x",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "packages": {"": PACKAGE, "node_modules/ms": {"version": "2.0.0", "integrity": "sha512-aaaa"}},
}
FAULT_OF_SIX = {"id": "PYSEC-0000-1", "affected": [{"package": {"name": "six", "ecosystem": "PyPI"}}]}
FAULT_OF_MS = {
    "id": 1,
    "url": "https://example.com/1",
    "title": "slow",
    "severity": "high",
    "vulnerable_versions": "<2.1.0",
    "cwe": [],
    "cvss": {"score": 7.5, "vectorString": ""},
}


@contextmanager
def advisories(*faulty: str) -> Iterator[str]:
    """A service that answers as OSV and as npm's registry do. It knows faults of these packages."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/osv":
                name = json.loads(body)["package"]["name"]
                self.tell({"vulns": [FAULT_OF_SIX]} if name in faulty else {})
            else:
                self.tell({"ms": [FAULT_OF_MS]} if "ms" in faulty else {})

        def do_GET(self) -> None:
            """The versions of a package, which npm looks at where one has a fault."""
            self.tell({"name": "ms", "dist-tags": {"latest": "2.1.3"}, "versions": {"2.1.3": {"version": "2.1.3"}}})

        def tell(self, value: Any) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer((LOOPBACK, 0), Service) as service:
        Thread(target=service.serve_forever, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{service.server_port}"
        finally:
            service.shutdown()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two Python packages and one of npm in its locks, and caches of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NPM_CONFIG_CACHE", str(tmp_path / "npm"))
    monkeypatch.setenv("NPM_CONFIG_FETCH_RETRIES", "0")
    (tmp_path / "requirements.lock").write_text(LOCK)
    (tmp_path / "package.json").write_text(json.dumps(PACKAGE))
    (tmp_path / "package-lock.json").write_text(json.dumps(PACKAGE_LOCK))
    return tmp_path


def audited(project: Path, service: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    lock, package = str(project / "requirements.lock"), str(project)
    code = audit.main(["--lock", lock, "--package", package, "--osv-url", f"{service}/osv", "--registry", service])
    return code, capsys.readouterr().out


def test_all_is_well_where_all_were_asked_about(project: Path, node: str, capsys: pytest.CaptureFixture[str]) -> None:
    with advisories() as service:
        assert audited(project, service, capsys) == (0, "Asked about 3 packages: 0 known faults.\n")


@pytest.mark.parametrize(("name", "line"), [("six", "six 1.17.0: PYSEC-0000-1"), ("ms", "ms (high)")])
def test_a_known_fault_fails(
    project: Path, node: str, capsys: pytest.CaptureFixture[str], name: str, line: str
) -> None:
    with advisories(name) as service:
        code, told = audited(project, service, capsys)
    assert code == 1
    assert line in told


def test_what_could_not_be_asked_is_no_pass(project: Path, node: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = audited(project, f"http://{LOOPBACK}:{free_port()}", capsys)
    assert code == 2
    assert "NOT KNOWN: all of" in told
    assert "requirements.lock" in told
    assert "package-lock.json" in told
    assert "could not be asked for here" in told


def test_a_package_that_was_skipped_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip-audit prints, with exit code 0, where the package index has no advisories."""
    skipped = {"dependencies": [{"name": "six", "skip_reason": "not found"}], "fixes": []}
    monkeypatch.setattr(audit, "_json", lambda command, cwd: skipped)
    report = audit.python(ROOT / "requirements.lock")
    assert (report.asked, report.unknown, report.code) == (0, ["six"], 2)


def test_the_list_of_parts_has_whatever_a_deployment_installs(tmp_path: Path, node: str) -> None:
    assert sbom.main(["--output", str(tmp_path)]) == 0
    made = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.cdx.json")}
    assert made.keys() == {"python.cdx.json", "client.cdx.json", "web.cdx.json"}
    assert {each["bomFormat"] for each in made.values()} == {"CycloneDX"}
    python = {part["name"].lower(): part for part in made["python.cdx.json"]["components"]}
    lock = (ROOT / sbom.LOCK).read_text()
    assert python.keys() == {name.lower() for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    assert python["aiohttp"]["hashes" if "hashes" in python["aiohttp"] else "externalReferences"]
    assert "socket.io-client" in {part["name"] for part in made["client.cdx.json"]["components"]}
