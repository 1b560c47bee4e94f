"""Files in the memory of the process; they end with it. How many bytes there may be is the quotas' business."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from rooms.ports import FileLost
from rooms.records import FileRecord


class MemoryFiles:
    """`rooms.ports.FileStore` in memory."""

    name = "memory"
    outlives_process = False

    def __init__(self) -> None:
        self._chunks: dict[str, dict[int, bytes]] = {}
        self._records: dict[str, FileRecord] = {}

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        self._chunks.clear()
        self._records.clear()

    async def add_chunk(self, file_id: str, number: int, data: bytes, purge_at: float) -> None:
        self._chunks.setdefault(file_id, {})[number] = bytes(data)

    async def finish(self, record: FileRecord, purge_at: float) -> None:
        self._records[record.id] = record

    async def update(self, record: FileRecord) -> None:
        if record.id in self._records:
            self._records[record.id] = record

    async def chunk(self, record: FileRecord, number: int) -> bytes:
        try:
            return self._chunks[record.id][number]
        except KeyError:
            raise FileLost from None

    async def erase(self, file_ids: Sequence[str]) -> None:
        for file_id in file_ids:
            self._chunks.pop(file_id, None)
            self._records.pop(file_id, None)

    async def prolong(self, file_ids: Sequence[str], purge_at: float) -> None:
        """Nothing goes by itself here."""

    async def records(self) -> AsyncIterator[FileRecord | str]:
        for record in list(self._records.values()):
            yield record

    async def clear_abandoned(self) -> int:
        return 0  # whoever breaks an upload off erases it, and what a process leaves behind ends with it
