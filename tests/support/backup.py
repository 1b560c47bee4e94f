"""A backup of a database and its restoration, in the format of MongoDB's database tools.

By `mongodump` and `mongorestore` themselves where they are on the PATH; Debian has no package of them. Elsewhere by the
driver, which writes and reads the same files: `DB/COLLECTION.bson`, documents one after the other, and
`DB/COLLECTION.metadata.json` with options and indexes.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path
from typing import Any

import bson
from bson import json_util
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from tests.support.pace import PACE

RAW: bson.CodecOptions[RawBSONDocument] = bson.CodecOptions(document_class=RawBSONDocument)
ARCHIVE = "mayfly.gz"
LIMIT_S = 60 * PACE
BATCH = 500


def has_tools() -> bool:
    """Whether MongoDB's own tools are there."""
    return bool(shutil.which("mongodump") and shutil.which("mongorestore"))


def dump(uri: str, folder: Path) -> None:
    """`mongodump --uri URI --gzip --archive=FILE`."""
    if has_tools():
        _run("mongodump", "--uri", uri, "--gzip", f"--archive={folder / ARCHIVE}")
        return
    client: MongoClient[Any] = MongoClient(uri)
    with client:
        database = client.get_default_database()
        (folder / database.name).mkdir(parents=True)
        for found in database.list_collections():
            name, collection = found["name"], database[found["name"]]
            told = {"options": found["options"], "indexes": list(collection.list_indexes())}
            (folder / database.name / f"{name}.metadata.json").write_text(json_util.dumps(told))
            with (folder / database.name / f"{name}.bson").open("wb") as file:
                file.writelines(document.raw for document in collection.with_options(RAW).find())


def bytes_of(folder: Path) -> bytes:
    """All that a backup holds."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(gzip.decompress(one.read_bytes()) if one.name == ARCHIVE else one.read_bytes() for one in files)


def restore(uri: str, folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """`mongorestore --uri URI --drop --nsExclude='*.NAME' … --gzip --archive=FILE`."""
    if has_tools():
        excluded = [f"--nsExclude=*.{name}" for name in without]
        _run("mongorestore", "--uri", uri, "--drop", *excluded, "--gzip", f"--archive={folder / ARCHIVE}")
        return
    client: MongoClient[Any] = MongoClient(uri)
    with client:
        database = client.get_default_database()
        for path in sorted((folder / database.name).glob("*.bson")):
            name = path.name.removesuffix(".bson")
            if name in without:
                continue
            told = json_util.loads((folder / database.name / f"{name}.metadata.json").read_text())
            database.drop_collection(name)
            database.create_collection(name, **told["options"])
            documents = bson.decode_all(path.read_bytes(), RAW)
            for at in range(0, len(documents), BATCH):
                database[name].insert_many(documents[at : at + BATCH])
            made = [{key: value for key, value in one.items() if key != "v"} for one in told["indexes"]]
            database.command("createIndexes", name, indexes=made)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
