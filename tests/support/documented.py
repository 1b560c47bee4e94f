"""What REST calls answer, held against `/openapi.json`: a status that it does not list fails the test that saw it."""

from __future__ import annotations

import re
from functools import cache

from server.schema.openapi import openapi


def check_status(method: str, path: str, status: int) -> None:
    """Fail where the call is a documented one and this status of it is not. `path` may have a query."""
    bare = path.partition("?")[0]
    for pattern, methods in _operations():
        if pattern.fullmatch(bare) and method.lower() in methods:
            assert str(status) in methods[method.lower()], (
                f"openapi.json does not say that {method} {bare} gives {status}"
            )


@cache
def _operations() -> list[tuple[re.Pattern[str], dict[str, set[str]]]]:
    return [
        (
            re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))),
            {method: set(operation["responses"]) for method, operation in item.items()},
        )
        for path, item in openapi()["paths"].items()
    ]
