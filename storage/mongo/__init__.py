"""Rooms that outlive the process, in MongoDB. The only package that knows motor and pymongo."""

from storage.mongo.client import DEFAULT_DATABASE
from storage.mongo.files import GridFiles
from storage.mongo.hooks import MongoHooks
from storage.mongo.store import MongoStore

__all__ = ["DEFAULT_DATABASE", "GridFiles", "MongoHooks", "MongoStore"]
