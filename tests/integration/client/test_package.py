"""`@mayfly/client` as a package: what is in it, what tools say of it, its size, and a project that installs it."""

from __future__ import annotations

import io
import json
import posixpath
import re
import shutil
import subprocess
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from server.transport.http.bundle import Build
from tests.support.bundle import bundle
from tests.support.client import CLIENT, PARTS
from tests.support.pace import PACE
from tests.support.processes import ROOT, server_process
from tests.support.registry import registry

TOOLS = ROOT / "tests" / "node_modules"
MAX_GZIP_BYTES = 30 * 1024
"""Of the main entry, minified, without socket.io-client, which a site may have anyway, and what is loaded later."""

MAX_LATER_GZIP_BYTES = 8 * 1024
"""Of what is loaded with the first file."""

MAX_METADATA_GZIP_BYTES = 3 * 1024 + 512
"""Of what is loaded with the first file that is sent."""

MAX_CALL_GZIP_BYTES = 2 * 1024
"""Of what is loaded with the first call."""

MAX_WHOLE_GZIP_BYTES = 54 * 1024
"""Of the module for pages without a bundler: one file with all of it, so that one hash vouches for it."""

LIMIT_S = 100.0 * PACE


@pytest.fixture(scope="module")
def build(node: str) -> Build:
    return bundle()


@pytest.fixture(scope="module")
def package(build: Build) -> bytes:
    return build.files["/client.tgz"].variants[""]


@pytest.fixture(scope="module")
def unpacked(package: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def about() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CLIENT / "package.json").read_text())
    return loaded


def test_it_has_the_version_of_the_server() -> None:
    server = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert about()["version"] == server
    assert json.loads((CLIENT / "package-lock.json").read_text())["version"] == server
    assert re.fullmatch(r"\d+\.\d+\.\d+", server)


def test_it_can_be_published(unpacked: Path) -> None:
    """As `npm publish dist/client.tgz`, which asks no more than this."""
    manifest = json.loads((unpacked / "package.json").read_text())
    assert "private" not in manifest
    assert (manifest["license"], manifest["publishConfig"]) == ("MIT", {"access": "public"})
    # Known to fit, and no other.
    assert manifest["peerDependencies"] == {"react": "^18.0.0 || ^19.0.0"}
    assert manifest["peerDependenciesMeta"]["react"]["optional"] is True
    assert set(manifest["dependencies"]) == {"socket.io-client"}
    policy = (ROOT / "docs" / "client.md").read_text()
    assert "React 18 and 19" in policy


def test_all_that_is_exported_is_in_it_and_what_is_not_for_others_is_not(unpacked: Path) -> None:
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert names >= {"package.json", "README.md", "CHANGELOG.md", "LICENSE"}
    for entry in about()["exports"].values():
        for file in entry.values() if isinstance(entry, dict) else [entry]:
            assert file.removeprefix("./") in names
    assert {name.partition("/")[0] for name in names if "/" in name} == set(PARTS)
    assert {name for name in names if name.count("/") > 1 or name.endswith(".lock")} == set()
    assert "browser.js" not in names  # it imports from the server that serves it
    for name in names:
        if name.endswith(".js"):
            for imported in re.findall(r'(?:from|import|import\() ?"(\.[^"]+)"', (unpacked / name).read_text()):
                found = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
                assert found in names, f"{name} imports {imported}"
    assert (unpacked / "CHANGELOG.md").read_text() == (ROOT / "CHANGELOG.md").read_text()


def test_the_same_sources_make_the_same_bytes(package: bytes) -> None:
    script = "import { makePackage } from './web/build/client.mjs'; process.stdout.write(makePackage());"
    command = ["node", "--input-type=module", "-e", script]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=LIMIT_S).stdout == package


@pytest.mark.parametrize(
    "command",
    [
        ["publint/src/cli.js", "run", "--strict", "{package}"],
        # For ES modules alone: `require` of them works from Node.js 20.19 on, and these tools know no version.
        ["@arethetypeswrong/cli/dist/index.js", "--profile", "esm-only", "{package}"],
    ],
    ids=["publint", "attw"],
)
def test_the_tools_of_the_trade_have_nothing_to_say(command: list[str], package: bytes, tmp_path: Path) -> None:
    file = tmp_path / "client.tgz"
    file.write_bytes(package)
    program, *arguments = command
    filled = ["node", str(TOOLS / program), *(each.replace("{package}", str(file)) for each in arguments)]
    done = subprocess.run(filled, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_small(build: Build) -> None:
    script = """
      import { build } from "./web/node_modules/esbuild/lib/main.js";
      import { gzipSync } from "node:zlib";
      const parts = { index: ["./file-work.js", "./monitor.js", "./noise.js"],
        "files/file-work": ["./[!f]*.js", "./files.js", "./metadata.js"], "files/metadata": ["../errors.js"],
        "call/monitor": ["../core/snapshot.js"] };
      for (const [entry, external] of Object.entries(parts)) {
        const made = await build({ entryPoints: [`client/${entry}.js`], bundle: true, minify: true, format: "esm",
          target: "es2022", external: ["socket.io-client", ...external], write: false });
        console.log(gzipSync(made.outputFiles[0].contents, { level: 9 }).length);
      }
    """
    command = ["node", "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=LIMIT_S)
    module = next(file for path, file in build.files.items() if path.endswith("/mayfly.js"))
    (own, later, metadata, with_call), whole = map(int, done.stdout.split()), len(module.variants["gzip"])
    print(f"\nthe client: {own} bytes gzipped, {later}, {metadata} and {with_call} later, with Socket.IO {whole}")
    assert own <= MAX_GZIP_BYTES
    assert later <= MAX_LATER_GZIP_BYTES
    assert metadata <= MAX_METADATA_GZIP_BYTES
    assert with_call <= MAX_CALL_GZIP_BYTES
    assert whole <= MAX_WHOLE_GZIP_BYTES


@pytest.mark.parametrize(
    "entry", ["@mayfly/client", "@mayfly/client/client", "@mayfly/client/react", "@mayfly/client/testing"]
)
def test_the_types_of_an_entry_have_all_that_it_exports(entry: str, unpacked: Path, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    (modules / "@mayfly").mkdir(parents=True)
    shutil.copytree(unpacked, modules / "@mayfly" / "client")
    for installed in (CLIENT / "node_modules").iterdir():
        (modules / installed.name).symlink_to(installed)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    names = f'import * as all from "{entry}"; console.log(JSON.stringify(Object.keys(all)));'
    exported = json.loads(run("node", "--input-type=module", "-e", names, cwd=tmp_path))
    values = ", ".join(f"all.{name}" for name in exported)
    (tmp_path / "all.ts").write_text(f'import * as all from "{entry}";\nexport const values = [{values}];\n')
    run(str(TOOLS / ".bin" / "tsc"), *OPTIONS, "--noEmit", "--types", "", "all.ts", cwd=tmp_path)


def test_the_parts_for_react_say_that_they_are_for_the_browser(unpacked: Path) -> None:
    """So that a server component may render them."""
    assert (unpacked / "react.js").read_text().startswith('"use client";\n')


USE = """
import { createRoom, joinRoom, MayflyError, type Message, type Room } from "@mayfly/client";
import { makeClient } from "@mayfly/client/client";
import { io } from "socket.io-client";
import { installTestMedia, startTestServer, type TestServer } from "@mayfly/client/testing";

const memory: TestServer = startTestServer();
const media = installTestMedia({ connectMs: 5 });
const host: Room = await memory.join(memory.makeRoom({ capacity: 2 }).hostLink, { name: "Zoe" });
memory.refuse("send-message", "RATE_LIMITED", { who: host, times: 2 });
memory.slow(host, 5);
media.devices.unplug("camera");
// @ts-expect-error there is no such code
if (Math.random() > 1) memory.refuse("send-message", "NO_SUCH_CODE");
memory.stop();
media.restore();

const server = process.argv[2] ?? "";
const { hostLink } = await createRoom({ server, capacity: 2 });
const room: Room = await joinRoom(hostLink, { name: "Ada" });
const { openRoom } = makeClient(io);
const other = openRoom(hostLink.replace(/key=[^&]*&?/, ""), { name: "Ben" });
await other.joined;
const heard = new Promise<string>((resolve) => other.on("message", ({ text }) => resolve(text)));
room.sendMessage("Hello from a fresh project");
console.log(await heard);
const filed = new Promise<Message>((resolve) => other.on("message", resolve));
room.sendFile(new Blob(["and a file"]), { name: "a.txt", onProgress: ({ sent, total }) => void (sent / total) });
const message = await filed;
const blob: Blob = await other.openFile(message, message.attachments![0]!);
console.log(await blob.text());
// @ts-expect-error there is no such code
if (new MayflyError("ROOM_FULL").code === "NO_SUCH_CODE") throw new Error();
await Promise.all([room.leave(), other.leave()]);
"""
OPTIONS = ["--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--skipLibCheck", "false"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"name": "site", "version": "1.0.0", "private": true, "type": "module"}')
    (folder / "use.ts").write_text("declare const process: { argv: string[] };\n" + USE)
    return folder


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_fresh_project_installs_it_from_a_server_checks_its_types_and_runs(
    build: Build, project: Path, tmp_path: Path
) -> None:
    with registry(CLIENT / "node_modules", tmp_path) as packages, server_process(STUN_URLS="") as server:
        options = ["--no-audit", "--no-fund", "--cache", str(tmp_path / "cache"), "--registry", packages.url]
        run("npm", "install", *options, f"{server.url}/client.tgz", cwd=project)
        lock = json.loads((project / "package-lock.json").read_text())["packages"]["node_modules/@mayfly/client"]
        assert (
            lock["integrity"] == json.loads(build.files["/client/integrity.json"].variants[""])["package"]["integrity"]
        )
        assert lock["resolved"] == f"{server.url}/client.tgz"
        assert not (project / "node_modules" / "react").exists()  # optional
        run(str(TOOLS / ".bin" / "tsc"), *OPTIONS, "--types", "", "use.ts", cwd=project)
        said = run("node", "use.js", server.url, cwd=project)
        assert said.splitlines() == ["Hello from a fresh project", "and a file"]
        # As continuous integration does it, from the lock file.
        run("npm", "ci", *options, cwd=project)
        assert (project / "node_modules" / "@mayfly" / "client" / "index.js").exists()
