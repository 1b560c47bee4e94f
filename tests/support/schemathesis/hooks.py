"""Loaded by Schemathesis (`SCHEMATHESIS_HOOKS`): most of the ids that it asks for are there, and it has their keys.

Without it nearly every call would end at "no such room" or "no key", and say nothing of what comes after.
"""

from __future__ import annotations

import itertools
import json
import os
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import schemathesis

URL = os.environ["MAYFLY_URL"]
API_KEY, ADMIN_KEY = os.environ["MAYFLY_API_KEY"], os.environ["MAYFLY_ADMIN_KEY"]
KEPT_IN = 5
"""Of so many ids that were made up, one is left as it is."""

ROOM = {"expiresInS": 86_400, "capacity": 8, "log": True}
SPENT_BY = {
    ("delete", "/api/rooms/{roomId}"),
    ("delete", "/api/admin/rooms/{roomId}"),
    ("patch", "/api/rooms/{roomId}"),
}
"""What ends a room or may shorten its life: each gets a room of its own."""

MAX_KEY_CHARS = 255

numbers = itertools.count()
host_keys: dict[str, str] = {}
invites: dict[str, str] = {}
"""One of each room that was asked for one."""


def call(path: str, key: str, data: bytes = b"{}", kind: str = "application/json") -> Any:
    """What a POST is answered."""
    headers = {"Content-Type": kind, "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(URL + path, data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def new_room() -> str:
    made = call("/api/rooms", API_KEY, json.dumps(ROOM).encode())
    host_keys[made["roomId"]] = made["hostKey"]
    return str(made["roomId"])


def new_thing(room: str, kind: str) -> str:
    """A file, an invite or a message of a room."""
    path, key = f"/api/rooms/{room}", host_keys[room]
    if kind == "fileId":
        return str(call(f"{path}/files", key, b"file", "text/plain")["fileId"])
    if kind == "inviteId":
        return str(call(f"{path}/invites", key)["inviteId"])
    return str(call(f"{path}/messages", key, b'{"text": "hi"}')["id"])


def filled(room_id: str, names: Iterable[str]) -> dict[str, str]:
    """Ids of a room and of what is new in it."""
    return {name: room_id if name == "roomId" else new_thing(room_id, name) for name in names}


def standing() -> str:
    """A room that is there: the last one, or a new one where that has ended meanwhile."""
    global room
    try:
        urllib.request.urlopen(f"{URL}/api/rooms/{room}", timeout=10).close()
    except urllib.error.HTTPError:
        room = new_room()
    return room


room = new_room()


@schemathesis.hook
def map_path_parameters(context: schemathesis.HookContext, path_parameters: Any) -> Any:
    """Most ids become ones that are there."""
    global room
    if not path_parameters or not zlib.crc32(repr(path_parameters).encode(errors="replace")) % KEPT_IN:
        return path_parameters
    operation = context.operation
    assert operation is not None
    there = new_room() if (operation.method, operation.path) in SPENT_BY else standing()
    try:
        return filled(there, path_parameters)
    except urllib.error.HTTPError as refused:
        if refused.code != HTTPStatus.TOO_MANY_REQUESTS:
            raise
        room = new_room()  # a room holds so many invites and files, and no more
        return filled(room, path_parameters)


@schemathesis.auth(refresh_interval=None)
class Keys:
    """The secret that the call asks for."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str | None:
        path = context.operation.path
        if path.startswith("/api/admin/"):
            return ADMIN_KEY
        if path == "/api/rooms":
            return API_KEY
        room_id = str((case.path_parameters or {}).get("roomId"))
        if path.endswith("/invite") and room_id == standing():
            if room_id not in invites:
                invites[room_id] = str(call(f"/api/rooms/{room_id}/invites", host_keys[room_id])["invite"])
            return invites[room_id]
        return host_keys.get(room_id)

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """What the state of the server forbids, and not the shape of the call: a key that was used with another body, words
    to look for in a room without a log (those that Schemathesis makes have none), and files that nobody has sent."""
    path, keys = case.operation.path, case.headers or {}
    if path == "/api/rooms" and 1 <= len(keys.get("Idempotency-Key", "")) <= MAX_KEY_CHARS:
        case.headers["Idempotency-Key"] = f"key {next(numbers)}"
    if path == "/api/rooms/{roomId}/messages" and case.query and case.path_parameters["roomId"] != room:
        case.query.pop("q", None)
    if path == "/api/rooms/{roomId}/messages" and isinstance(case.body, dict) and case.body.pop("attachments", None):
        case.body["text"] = case.body.get("text") or "instead of files"


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Rooms that it has made itself have keys, too."""
    if case.operation.path == "/api/rooms" and response.status_code == 201:
        made = response.json()
        host_keys[made["roomId"]] = made.get("hostKey", "")
