"""URLs of requests are not kept: yarl remembers the last 128 of them, with what somebody looked for in the query.

It offers no switch for that. `tests/unit/server/test_urls.py` notices when a version of it has another way.
"""

from __future__ import annotations

from yarl import _url

REMEMBERING = ("build_pre_encoded_url", "pre_encoded_url", "encode_url", "split_url", "from_parts")


def keep_no_urls() -> None:
    """Make all URLs of this process anew. To make one costs as much as to find it."""
    for name in REMEMBERING:
        function = getattr(_url, name, None)
        setattr(_url, name, getattr(function, "__wrapped__", function))
