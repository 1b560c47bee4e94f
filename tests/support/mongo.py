"""A real mongod, alone or as a replica set of one, and a search through everything that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bson
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from storage.sealed import Sealing
from tests.support.parts import mongod_binary
from tests.support.processes import LOOPBACK, Service, launch, wait_until

SYSTEM_DATABASES = frozenset({"admin", "config", "local"})
REPLICA_SET = "rs0"
PROBE_TIMEOUT_MS = 2_000
ALREADY_INITIALIZED_CODE = 23


class Mongod(Service):
    """`mongod` with its data in its own scratch folder, which outlives `kill` and `restart`."""

    def __init__(self, port: int, *, replica_set: bool = False, compressed: bool = True) -> None:
        binary = mongod_binary()
        assert binary is not None, "call requires('mongod') first"
        super().__init__(port, [binary, "--port", str(port), "--bind_ip", LOOPBACK])
        self.replica_set = replica_set
        self.data = self.folder / "data"
        self.data.mkdir()
        self.command += ["--dbpath", str(self.data), "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"]
        # It removes what has expired by its own clock, under the hands of a test that looks for it.
        self.command += ["--setParameter", "ttlMonitorEnabled=false"]
        if replica_set:
            self.command += ["--replSet", REPLICA_SET]
        if not compressed:
            # So that what is in its files can be found by a search for bytes.
            self.command += ["--wiredTigerCollectionBlockCompressor", "none", "--wiredTigerJournalCompressor", "none"]
            self.command += ["--wiredTigerIndexPrefixCompression", "false"]

    def uri(self, database: str = "") -> str:
        """The connection string, with the database name in its path."""
        options = f"?replicaSet={REPLICA_SET}" if self.replica_set else ""
        return f"mongodb://{LOOPBACK}:{self.port}/{database}{options}"

    def ready(self) -> bool:
        try:
            with self._direct() as client:
                client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def start(self) -> None:
        super().start()
        if self.replica_set:
            self._initiate()
            wait_until(self._is_primary, "a primary")

    def _initiate(self) -> None:
        members = [{"_id": 0, "host": f"{LOOPBACK}:{self.port}"}]
        with self._direct() as client:
            try:
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            except OperationFailure as error:
                if error.code != ALREADY_INITIALIZED_CODE:
                    raise

    def _is_primary(self) -> bool:
        with self._direct() as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))

    def _direct(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(
            LOOPBACK,
            self.port,
            directConnection=True,
            timeoutMS=PROBE_TIMEOUT_MS,
            serverSelectionTimeoutMS=500,
        )


def start_mongod(*, replica_set: bool = False, compressed: bool = True) -> Mongod:
    """A running mongod; the caller ends it with `close()`."""
    return launch(lambda port: Mongod(port, replica_set=replica_set, compressed=compressed))


def find_in_files(mongod: Mongod, word: str) -> list[str]:
    """Which files of the server hold `word`: data, journal, oplog (which is data, too), its own log.

    Everything is brought to disk first.
    """
    with mongod._direct() as client:
        client.admin.command("fsync")
    wanted = [word.encode(), word.encode("utf-16-le")]
    files = sorted(path for path in mongod.folder.rglob("*") if path.is_file())
    return [str(path.relative_to(mongod.folder)) for path in files if _holds(path, wanted)]


def _holds(path: Path, wanted: list[bytes]) -> bool:
    # In pieces that overlap: journals are preallocated, 100 MiB each.
    size, overlap, before = 1 << 24, max(map(len, wanted)), b""
    with path.open("rb") as file:
        while piece := file.read(size):
            if any(word in before + piece for word in wanted):
                return True
            before = piece[-overlap:]
    return False


def drop_database(uri: str) -> None:
    """Remove the database that the URI names."""
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=10_000)
    with client:
        client.drop_database(client.get_default_database().name)


def find_word_everywhere(uri: str, word: str) -> list[str]:
    """Where `word` occurs in the database that the URI names, else in every database but MongoDB's own.

    Every document of every collection is searched as the raw BSON that is stored: keys, values, binary data.
    Returns `database.collection: _id` of each find, so that a failing test says where something was left.
    """
    wanted = word.encode()
    assert wanted, "an empty word is everywhere"
    found: list[str] = []
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=30_000)
    with client:
        named = parse_uri(uri)["database"]
        databases = [named] if named else sorted(set(client.list_database_names()) - SYSTEM_DATABASES)
        for database in databases:
            for collection in client[database].list_collection_names():
                found += [
                    f"{database}.{collection}: {document['_id']}"
                    for document in client[database][collection].find()
                    if wanted in bson.encode(document)
                ]
    return found


def find_word_opened(uri: str, word: str, secret: str = "") -> list[str]:
    """As `find_word_everywhere`, and in what is sealed of logged messages, too, by the secret of the server."""
    sealing = Sealing(secret or uri, digests=False)
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=30_000)
    with client:
        kept = list(client.get_default_database()["messages"].find())
    messages = ((document["_id"], sealing.read_message(document)) for document in kept)
    return [f"sealed: {name}" for name, message in messages if word in repr(message)] + find_word_everywhere(uri, word)
