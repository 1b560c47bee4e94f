"""HTTP requests that another node is to answer, and its answers, as bodies of frames. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from server.cluster.frames import BadBatch

Headers = Sequence[tuple[str, str]]

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "expect",
        "date",
        "server",
    }
)
"""Headers that belong to one connection (RFC 9110, section 7.6.1), and what each node says for itself."""

END_OF_HEAD: Final = b"\r\n\r\n"

BODILESS: Final = frozenset({204, 304})
"""Answers without a body, whatever length they tell (RFC 9110, section 6.4.1)."""


class Asked(NamedTuple):
    """A request."""

    method: str
    target: str
    """Path and query, as they came."""
    headers: Headers
    remote: str
    """The address of whoever asked this node."""
    body: bytes
    """Or how it begins."""
    length: int | None
    """Of the whole body; None where whoever sends it does not say."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the body is to follow."""
        return self.length == len(self.body)


class Head(NamedTuple):
    """The head of an answer, and the length of what follows."""

    status: int
    headers: Headers
    length: int


class Answer(NamedTuple):
    """The answer to it."""

    status: int
    headers: Headers
    body: bytes


def encode(asked: Asked) -> bytes:
    """The body of a REQUEST frame."""
    said: list[Any] = [asked.method, asked.target, list(asked.headers), asked.remote]
    if not asked.is_whole:
        said.append(asked.length)
    head = orjson.dumps(said)
    return len(head).to_bytes(4, "little") + head + asked.body


def decode(data: bytes) -> Asked:
    """The request in a frame. Raises `BadBatch` where there is none."""
    length = int.from_bytes(data[:4], "little")
    try:
        method, target, headers, remote, *total = orjson.loads(data[4 : 4 + length])
        kept = [(_line(name), _line(value)) for name, value in headers]
        body = data[4 + length :]
        return Asked(_line(method), _line(target), kept, _line(remote), body, _total(body, total))
    except (ValueError, TypeError):
        raise BadBatch("not a request") from None


def as_http(asked: Asked) -> bytes:
    """The request as it goes over a connection of its own (HTTP/1.1), up to where its body begins."""
    lines = [f"{asked.method} {asked.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in asked.headers if name.lower() not in HOP_BY_HOP]
    framing = "Transfer-Encoding: chunked" if asked.length is None else f"Content-Length: {asked.length}"
    lines += ["Connection: close", framing, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def read_answer(data: bytes, method: str) -> Answer:
    """What an HTTP/1.1 server answered to `method` before it closed the connection. Raises `BadBatch` where it is no
    whole answer.
    """
    head, blank, body = data.partition(END_OF_HEAD)
    status, headers, length = read_head(head + blank, method)
    if length > len(body):
        raise BadBatch("half an answer")
    return Answer(status, headers, body[:length])


def read_head(data: bytes, method: str) -> Head:
    """The head of what an HTTP/1.1 server answers to `method`. Raises `BadBatch` where it is none, or does not tell the
    length of what follows.
    """
    first, *lines = data.decode("utf-8", "surrogateescape").removesuffix("\r\n\r\n").split("\r\n")
    parts = first.split(" ", 2)
    if not data.endswith(END_OF_HEAD) or len(parts) < 2 or not parts[1].isdecimal():
        raise BadBatch("not an answer")
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    said = {name.lower(): value for name, value in headers}
    status, length = int(parts[1]), said.get("content-length")
    kept = [pair for pair in headers if pair[0].lower() not in HOP_BY_HOP]
    if method == "HEAD" or status in BODILESS:
        if length is not None:
            kept.append(("Content-Length", length))  # of the body which another request would get
        return Head(status, kept, 0)
    if "transfer-encoding" in said or length is None or not length.isdecimal():
        raise BadBatch("an answer of whatever length")
    return Head(status, kept, int(length))


def _total(body: bytes, told: list[Any]) -> int | None:
    """How long a body is in all. Raises `ValueError`."""
    if not told:
        return len(body)
    (total,) = told
    if total is not None and (not isinstance(total, int) or total <= len(body)):
        raise ValueError("a body longer than it is")
    return total


def _line(value: Any) -> str:
    if not isinstance(value, str) or "\r" in value or "\n" in value:
        raise ValueError("not one line of text")
    return value
