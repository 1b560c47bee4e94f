"""The page and the client as they are served, built: small, kept where they may be, without anything of a room."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.transport.http import pages
from server.transport.http.bundle import Build, Bundle
from tests.support.bundle import bundle
from tests.support.processes import ROOT
from tests.support.server import Server, running

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
PICTURE = re.compile(r'<meta property="og:image" content="([^"]*)"')


@dataclass(frozen=True)
class Raw:
    """An answer as it came: nothing is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return (gzip.decompress(self.body) if self.headers.get("Content-Encoding") == "gzip" else self.body).decode()


async def get(server: Server, path: str, **headers: str) -> Raw:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await asyncio.to_thread(_get, urllib.request.Request(server.url + path, headers=named))


def _get(request: urllib.request.Request) -> Raw:
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return Raw(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Raw(error.code, error.headers, error.read())


@pytest.fixture(scope="module")
def build() -> Build:
    return bundle()


@pytest.fixture
async def built(build: Build) -> AsyncIterator[Server]:
    async with running() as server:
        yield server


async def test_the_page_is_compressed_and_not_sent_twice(built: Server) -> None:
    page = await get(built, "/", Accept_Encoding="gzip, br")
    assert (page.status, page.headers["Content-Encoding"]) == (200, "gzip")
    assert len(page.body) < 1_400
    assert page.headers["Cache-Control"] == "no-cache"
    assert "Accept-Encoding" in page.headers["Vary"]
    again = await get(built, "/", Accept_Encoding="gzip, br", If_None_Match=page.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["Content-Security-Policy"] == page.headers["Content-Security-Policy"]
    plain = await get(built, "/", If_None_Match=page.headers["ETag"])
    assert (plain.status, plain.text) == (200, page.text)


async def test_its_files_are_kept_for_ever_and_compressed_before(built: Server, build: Build) -> None:
    links = re.findall(r'(?:src|href)="(/assets/[^"]+)"', build.page)
    assert len(links) == 4
    for path in links:
        brotli = await get(built, path, Accept_Encoding="gzip, deflate, br")
        assert (brotli.status, brotli.headers["Content-Encoding"]) == (200, "br")
        assert brotli.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert brotli.headers["Content-Type"].startswith(("text/javascript", "text/css", "image/svg+xml"))
        plain = await get(built, path)
        assert "Content-Encoding" not in plain.headers
        zipped = await get(built, path, Accept_Encoding="gzip")
        assert gzip.decompress(zipped.body) == plain.body
        assert len(brotli.body) < len(zipped.body) < len(plain.body)
        assert len({each.headers["ETag"] for each in (brotli, plain, zipped)}) == 3


async def test_no_script_or_style_comes_from_elsewhere_or_stands_in_the_page(built: Server) -> None:
    page = await get(built, "/")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]* src=\"/assets/)", page.text) == []
    assert "<style" not in page.text


async def test_one_worker_alone_may_compile_web_assembly_and_its_parts_are_kept_for_ever(
    built: Server, build: Build
) -> None:
    workers = [path for path, file in build.files.items() if file.worker]
    parts = [path for path in build.files if path.endswith((".wasm", ".tflite"))]
    assert (len(workers), len(parts)) == (1, 2)
    for path in [*parts, *build.files, "/web/app/blur-worker.js", "/web/app/blur.js"]:
        own = path in (*workers, "/web/app/blur-worker.js")
        got = await get(built, path, Accept_Encoding="br")
        assert got.status == 200
        assert ("'wasm-unsafe-eval'" in got.headers["Content-Security-Policy"]) == own, path
    policy = (await get(built, workers[0])).headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self';" in policy
    assert "'unsafe-eval'" not in policy
    sizes = {}
    for path in parts:
        got = await get(built, path, Accept_Encoding="br")
        assert got.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        sizes[got.headers["Content-Type"]] = len(got.body)
    assert set(sizes) == {"application/wasm", "application/octet-stream"}
    assert sum(sizes.values()) < 750_000


async def test_without_a_build_the_parts_of_background_blur_are_those_of_the_package(built: Server) -> None:
    named = re.findall(r'"(/(?:web|vendor)/[^"]+)"', (ROOT / "web" / "app" / "blur-files.js").read_text())
    assert len(named) == 4
    assert {(await get(built, path)).status for path in named} == {200}


async def test_a_room_is_not_told_to_who_previews_its_link(built: Server) -> None:
    made = await built.room()
    page = await get(built, f"/r/{made['roomId']}", User_Agent="previewer")
    front = await get(built, "/")
    assert (page.status, page.text) == (200, front.text)
    assert page.headers["Cache-Control"] == "no-store"
    assert made["roomId"] not in page.text
    (picture,) = PICTURE.findall(page.text)
    assert picture == f"{built.url}/web/pictures/share.png"
    shown = await get(built, picture.removeprefix(built.url))
    assert shown.headers["Content-Type"] == "image/png"
    assert len(shown.body) < 100_000
    width, height = (int.from_bytes(shown.body[at : at + 4], "big") for at in (16, 20))
    assert (str(width), str(height)) == tuple(re.findall(r'og:image:(?:width|height)" content="(\d+)"', page.text))


async def test_the_picture_has_the_address_that_people_use(build: Build) -> None:
    async with running() as server:
        proxied = {"Host": "rooms.example", "X_Forwarded_Proto": "https"}
        assert PICTURE.findall((await get(server, "/", **proxied)).text) == [
            "https://rooms.example/web/pictures/share.png"
        ]
        for odd in ('"><script>', "a b", "x/y", "x\u00e9"):
            page = await get(server, "/", X_Forwarded_Host=odd)
            assert PICTURE.findall(page.text) == ["/web/pictures/share.png"]
    async with running(public_url="https://meet.example") as server:
        page = await get(server, "/", Host="other.example")
        assert PICTURE.findall(page.text) == ["https://meet.example/web/pictures/share.png"]


@pytest.mark.parametrize("path", ["/nothing/here", "/r", "/web/missing.js", "/assets/gone.js", "/vendor/x/y"])
async def test_people_see_a_page_where_nothing_is_and_programs_a_word(built: Server, path: str) -> None:
    page = await get(built, path, Accept=BROWSER)
    assert page.status == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>Nothing is here</h1>" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for link in re.findall(r'(?:href|src)="(/[^"]+)"', page.text):
        assert (await get(built, link)).status == 200, link
    word = await get(built, path)
    assert word.status == 404
    assert word.headers["Content-Type"].startswith("text/plain")


async def test_calls_of_programs_get_error_objects_whatever_they_accept(built: Server) -> None:
    answer = await get(built, "/api/nothing", Accept=BROWSER)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (404, "NOT_FOUND")


async def test_the_manifest_makes_it_installable(built: Server) -> None:
    page = await get(built, "/")
    (link,) = re.findall(r'<link rel="manifest" href="([^"]+)"', page.text)
    answer = await get(built, link)
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = json.loads(answer.body)
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        shown = await get(built, icon["src"])
        assert (shown.status, shown.headers["Content-Type"]) == (200, icon["type"])
        if icon["type"] == "image/png":
            width, height = (int.from_bytes(shown.body[at : at + 4], "big") for at in (16, 20))
            assert icon["sizes"] == f"{width}x{height}"
    assert {(icon["sizes"], icon.get("purpose")) for icon in manifest["icons"]} >= {
        ("192x192", None),
        ("512x512", None),
        ("512x512", "maskable"),
    }


async def test_the_client_is_one_module_with_its_hash(built: Server) -> None:
    answer = await get(built, "/client/integrity.json")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    about = json.loads(answer.body)
    assert about["version"] == json.loads((ROOT / "client" / "package.json").read_text())["version"]
    module = await get(built, about["module"]["path"])
    assert module.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert module.headers["Access-Control-Allow-Origin"] == "*"
    assert about["module"]["integrity"] == f"sha384-{base64.b64encode(hashlib.sha384(module.body).digest()).decode()}"
    assert about["module"]["bytes"] == len(module.body)
    # The same without the hash, for those who want whatever there is of this version.
    latest = await get(built, f"/client/{about['version']}/mayfly.js")
    assert (latest.body, latest.headers["Cache-Control"]) == (module.body, "no-cache")


async def test_the_client_is_a_package_with_its_hash(built: Server) -> None:
    about = json.loads((await get(built, "/client/integrity.json")).body)
    package = await get(built, "/client.tgz")
    assert (package.status, package.headers["Content-Type"]) == (200, "application/gzip")
    assert about["package"]["integrity"] == f"sha512-{base64.b64encode(hashlib.sha512(package.body).digest()).decode()}"
    assert about["package"]["path"] == "/client.tgz"


async def test_what_was_not_built_is_not_there_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "Bundle", lambda **options: Bundle(tmp_path, **options))
    async with running() as server:
        for path in ("/client.tgz", "/assets/main.js"):
            answer = await get(server, path)
            assert answer.status == 404
            assert "make install" in answer.text
        assert (await get(server, "/client/integrity.json")).status == 404
        page = await get(server, "/")
        assert page.status == 200
        for link in re.findall(r'(?:src|href)="(/web/[^"]+)"', page.text):
            assert (await get(server, link)).status == 200, link


@pytest.mark.parametrize(
    "path", ["/web/build/main.mjs", "/web/package.json", "/client/test/state.test.js", "/web/index.html"]
)
async def test_what_is_no_part_of_the_page_is_not_served(built: Server, path: str) -> None:
    assert (await get(built, path)).status == 404
