"""Bytes that are held in memory, as a client takes them: compressed where it can, and only where they changed."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from server.transport.http.bundle import ENDINGS


def content(
    request: web.Request,
    variants: Mapping[str, bytes],
    tag: str,
    media_type: str,
    headers: Mapping[str, str],
    status: int = 200,
) -> web.Response:
    """The variant that the client prefers; 304 where it has that one. `variants` are bytes by coding, `""` for none.

    `tag` names the bytes without a coding; it must be fit for an ETag (RFC 9110, section 8.8.3).
    """
    coding = preferred(request.headers.get("Accept-Encoding", ""), variants)
    etag = f"{tag}-{coding}" if coding else tag
    known = {each.value for each in request.if_none_match or ()}
    unchanged = status == 200 and bool(known & {etag, "*"})
    response = web.Response(status=304) if unchanged else web.Response(status=status, body=variants[coding])
    response.headers.update({**headers, "Vary": "Accept-Encoding", "ETag": f'"{etag}"'})
    if not unchanged:
        response.headers["Content-Type"] = (
            f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
        )
        if coding:
            response.headers["Content-Encoding"] = coding
    return response


def preferred(accepted: str, variants: Mapping[str, bytes]) -> str:
    """The best coding that there is and the client takes (RFC 9110, section 12.5.3); `""` for none."""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = _weight(parameter)
    return next(
        (coding for coding in ENDINGS if coding in variants and weights.get(coding, weights.get("*", 0)) > 0), ""
    )


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
