"""Which modules are compiled: whole folders, less what cannot be or need not be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

SOURCES: Final = (
    "rooms/*.py",
    "signaling/*.py",
    "server/clocks.py",
    "server/transport/engineio/*.py",
    "server/transport/socketio/gateway.py",
    "server/transport/socketio/namespace.py",
    "server/transport/socketio/packets.py",
    "server/usecases/*.py",
    "server/outbound/delivery*.py",
    "server/outbound/presence.py",
    "server/outbound/publisher.py",
    "server/outbound/recording.py",
    "server/protocol/acknowledgements.py",
    "server/protocol/decoding.py",
    "server/protocol/offsets.py",
    "server/protocol/views*.py",
    "server/security/base32.py",
    "server/security/quotas.py",
    "server/security/seals.py",
    "server/security/throttles.py",
)
"""Patterns, so that a module that is split stays compiled."""

LEFT_OUT: Final = {
    "rooms/errors.py": "a table of codes; its docstring is published",
    "rooms/extras.py": "the store reads it by its annotations",
    "rooms/records.py": "the store reads records by their annotations",
    "server/transport/engineio/messages.py": "str and bytes have no compiled subclasses",
    "server/transport/engineio/server.py": "extends python-engineio's server",
    "server/transport/engineio/unacknowledged.py": "modules that may not be there; off the hot path",
    "server/transport/engineio/takeover.py": "extends aiohttp's response",
    "server/transport/engineio/http.py": "aiohttp's handlers, off the hot path",
    "server/transport/engineio/environ.py": "off the hot path",
    "server/usecases/files.py": "asynchronous generators are not compiled",
    "server/usecases/reading.py": "asynchronous generators are not compiled",
    "server/usecases/commands.py": "a table, read once",
    "server/usecases/moderation.py": "nobody finds the docstrings of asynchronous functions; off the hot path",
}
"""Module → why it stays interpreted."""


def modules(root: Path) -> list[str]:
    """The paths, below `root`, of all that is compiled."""
    return sorted(path for path in _matching(root) if path not in LEFT_OUT and not path.endswith("/__init__.py"))


def _matching(root: Path) -> Iterable[str]:
    return {str(path.relative_to(root)) for pattern in SOURCES for path in root.glob(pattern)}
