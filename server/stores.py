"""Where rooms and files are kept, and who owns them, as the settings say."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from rooms.ports import FileStore, Store
from server.cluster.leased import LeasedOwnership
from server.cluster.local import LocalOwnership
from server.cluster.ownership import Ownership
from server.outbound.hook_queue import HookQueue
from server.outbound.kept_outbox import KeptOutbox
from server.outbound.outbox import DirectOutbox, Outbox
from server.outbound.shared_outbox import SharedOutbox
from server.security.base32 import random_base32
from server.settings import Settings
from server.usecases.context import TOKEN_BYTES
from storage.logs import Logs
from storage.memory import MemoryStore
from storage.memory_files import MemoryFiles

if TYPE_CHECKING:
    from server.cluster.redis_rooms import RedisRooms


def make_store(settings: Settings) -> Store:
    """MongoDB where `MONGODB_URI` names one, else memory; for logs alone where `REDIS_URL` is set."""
    store = _make_store(settings)
    return cast(Store, Logs(store)) if settings.redis_url.get_secret_value() else store


def _make_store(settings: Settings) -> Store:
    uri = settings.mongodb_uri.get_secret_value()
    if not uri:
        return MemoryStore(session_days=settings.session_log_days)
    from storage.mongo import MongoStore

    return MongoStore(uri, secret=settings.storage_secret.get_secret_value(), session_days=settings.session_log_days)


def make_file_store(settings: Settings) -> FileStore | None:
    """Where `FILE_STORE` says; None where it is off."""
    if settings.files_in != "mongo":
        return MemoryFiles() if settings.files_in == "memory" else None
    from storage.mongo import GridFiles
    from storage.sealing import Sealer

    # Without a secret, which is for developers, one that nobody will ever know.
    sealer = Sealer(settings.storage_secret.get_secret_value() or random_base32(TOKEN_BYTES))
    return GridFiles(settings.mongodb_uri.get_secret_value(), sealer)


def make_outbox(
    settings: Settings,
    queues: dict[str, HookQueue],
    secrets: Sequence[str],
    rooms: RedisRooms | None,
    wall: Callable[[], float],
) -> Outbox:
    """Where webhooks wait: in Redis or MongoDB where there is one. `queues`: by the id of their address."""
    if rooms is not None:
        from storage.redis.hooks import RedisHooks

        return SharedOutbox(queues, RedisHooks(rooms.pipeline), lambda: rooms.me, wall)
    if uri := settings.mongodb_uri.get_secret_value():
        from storage.mongo import MongoHooks

        return KeptOutbox(queues, MongoHooks(uri, secrets), wall)
    return DirectOutbox(list(queues.values()))


def make_ownership(store: Store) -> Ownership:
    """By the lease of a store that other processes can reach; else this process's own."""
    lease = getattr(store, "lease", None)
    if lease is None or isinstance(store, Logs):
        return LocalOwnership()
    return LeasedOwnership(lease, f"{socket.gethostname()}:{os.getpid()}:{random_base32(5)}")
