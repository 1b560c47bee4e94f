"""npm packages that are installed here, for npm on 127.0.0.1: a project can be installed without the internet."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.support.pace import PACE
from tests.support.processes import LOOPBACK

PACK_LIMIT_S = 60.0 * PACE


class Registry(ThreadingHTTPServer):
    """`answers`: path → the document of a package, or the package itself. What was asked for is in `asked`."""

    def __init__(self, modules: Path, scratch: Path) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.url = f"http://{LOOPBACK}:{self.server_port}"
        self.asked: list[str] = []
        folders = [path.parent for path in modules.glob("*/package.json")]
        folders += [path.parent for path in modules.glob("@*/*/package.json")]
        command = ["npm", "pack", "--ignore-scripts", "--json", "--pack-destination", str(scratch), *map(str, folders)]
        done = subprocess.run(command, cwd=scratch, capture_output=True, check=True, timeout=PACK_LIMIT_S)
        said = json.loads(done.stdout)
        packed = {
            each["name"]: scratch / each["filename"] for each in (said if isinstance(said, list) else said.values())
        }
        self.answers: dict[str, bytes] = {}
        for folder in folders:
            self._add(json.loads((folder / "package.json").read_text()), packed)

    def _add(self, package: dict[str, Any], packed: dict[str, Path]) -> None:
        name, version = package["name"], package["version"]
        tarball = packed[name].read_bytes()
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(tarball).digest()).decode()}"
        address = f"/files/{packed[name].name}"
        package["dist"] = {"tarball": self.url + address, "integrity": integrity}
        document = {"name": name, "dist-tags": {"latest": version}, "versions": {version: package}}
        self.answers[f"/{name}"] = json.dumps(document).encode()
        self.answers[address] = tarball


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(self.path)
        self.server.asked.append(path)
        answer = self.server.answers.get(path)
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(answer or b"")))
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def registry(modules: Path, scratch: Path) -> Iterator[Registry]:
    """One that serves all packages of a `node_modules`."""
    server = Registry(modules, scratch)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
