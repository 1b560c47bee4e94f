"""Questions about all rooms and processes: each node answers for itself, and whoever was asked adds it up.

Lists are of all nodes or of none: where one does not answer they are refused, and may be asked for again. Figures are
of those that answered, and say how many they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from rooms.errors import Code, Refused
from server.cluster.http import Answer
from server.transport.http.routes import json_response
from server.usecases.owning import ROOMS_PER_PAGE

GATHER_S: Final = 2.0
"""How long other nodes may take to answer."""

LISTS: Final = frozenset({"/api/rooms", "/api/admin/rooms"})
STATS: Final = "/api/admin/stats"
METRICS: Final = "/metrics"

ITS_OWN: Final = frozenset({"uptimeS", "draining"})
"""Of the process that answers."""

WORST: Final = frozenset({"loopLagP99Ms"})
"""The largest of all."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AskAll = Callable[[web.Request, float], Awaitable[Mapping[str, Answer | None]]]


def concerns_all(request: web.Request) -> bool:
    """Whether all nodes have to be asked."""
    if request.method != "GET":
        return False
    path = request.path
    return path in LISTS or path == STATS or (path == METRICS and request.query.get("processes") == "all")


async def gather(request: web.Request, handler: Handler, ask_all: AskAll, me: str) -> web.StreamResponse:
    """The answer of this node and all others. Refused with UNAVAILABLE where a list would not be whole."""
    own = await handler(request)
    if own.status != 200 or not isinstance(own, web.Response):
        return own
    answers = await ask_all(request, GATHER_S)
    bodies = {node: answer.body for node, answer in answers.items() if answer is not None and answer.status == 200}
    body = own.body if isinstance(own.body, bytes) else b""
    if request.path == METRICS:
        text = labelled({me: body, **bodies})
        return web.Response(body=text, headers={"Content-Type": own.headers["Content-Type"]})
    if request.path == STATS:
        return json_response(added([orjson.loads(one) for one in (body, *bodies.values())]))
    if len(bodies) < len(answers):
        raise Refused(Code.UNAVAILABLE, "Not all processes answer.", retry_after_ms=1_000)
    return json_response(listed([orjson.loads(one) for one in (body, *bodies.values())], _limit(request)))


def _limit(request: web.Request) -> int:
    asked = request.query.get("limit", "")  # whoever answered has checked it
    return int(asked) if asked else 0


def listed(pages: Sequence[Mapping[str, Any]], limit: int) -> dict[str, Any]:
    """One page of several in the order of ids, each the first of its node. `limit` 0: a whole page."""
    # A room on its way from one node to another may be at both.
    rooms = {room["id"]: room for page in pages for room in page["rooms"]}
    merged: dict[str, Any] = {
        "rooms": [rooms[room_id] for room_id in sorted(rooms)[: min(limit or ROOMS_PER_PAGE, ROOMS_PER_PAGE)]]
    }
    if "total" in pages[0]:
        merged["total"] = sum(page["total"] for page in pages)
    return merged


def added(stats: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of several processes, of which the first is the one that answers."""
    return {name: _added(name, [one[name] for one in stats]) for name in stats[0]}


def _added(name: str, values: Sequence[Any]) -> Any:
    first = values[0]
    if name in ITS_OWN or isinstance(first, str):
        return first
    if isinstance(first, Mapping):
        names = dict.fromkeys(name for value in values for name in value)
        return {each: _added(each, [value[each] for value in values if each in value]) for each in names}
    if isinstance(first, bool):
        return all(values)
    return max(values) if name in WORST else round(sum(values), 3)


def labelled(texts: Mapping[str, bytes]) -> bytes:
    """Metrics of several processes as one exposition: each sample says of which it is, a family is described once."""
    families: dict[bytes, tuple[list[bytes], list[bytes]]] = {}
    for process, text in texts.items():
        label = b'process="' + process.encode() + b'"'
        name = b""
        for line in text.splitlines():
            if line.startswith(b"# HELP "):
                name = line.split(b" ", 3)[2]
            head, samples = families.setdefault(name, ([], []))
            if not line.startswith(b"#"):
                samples.append(_with(label, line))
            elif line not in head and len(head) < 2:
                head.append(line)
    return b"\n".join(_lines(families.values())) + b"\n"


def _lines(families: Iterable[tuple[list[bytes], list[bytes]]]) -> Iterable[bytes]:
    for head, samples in families:
        yield from head
        yield from samples


def _with(label: bytes, sample: bytes) -> bytes:
    brace, space = sample.find(b"{"), sample.find(b" ")
    if 0 <= brace < space or (brace >= 0 and space < 0):
        return sample[: brace + 1] + label + b"," + sample[brace + 1 :]
    return sample[:space] + b"{" + label + b"}" + sample[space:]
