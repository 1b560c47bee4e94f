"""How much may lie as files, of the process, a room and an address, and how many may be on their way."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from rooms import limits
from rooms.errors import Code, Refused
from server.protocol.acknowledgements import status_of
from server.security import file_quotas
from server.security.file_quotas import (
    MAX_TRANSFERS,
    MAX_TRANSFERS_PER_ADDRESS,
    FileBounds,
    FileQuotas,
)

ADA, BOB = ("10.0.0.1",), ("10.0.0.2",)


def refused(quotas: FileQuotas, file_id: str, room: str = "r", keys: tuple[str, ...] = ADA, size: int = 1) -> Refused:
    with pytest.raises(Refused) as caught:
        quotas.begin(file_id, room, keys, size)
    assert caught.value.retry_after_ms is not None or caught.value.code is Code.FILE_TOO_LARGE
    return caught.value


def test_what_is_announced_is_claimed_before_it_comes() -> None:
    quotas = FileQuotas(FileBounds(process=100))
    quotas.begin("f", "r", ADA, 60)
    refusal = refused(quotas, "g", size=50)
    assert (refusal.code, status_of(refusal)) == (Code.QUOTA_EXCEEDED, 503)
    quotas.begin("g", "r", ADA, 40)
    assert quotas.bytes == 100
    assert quotas.refused["file_bytes"] == 1


def test_what_is_not_announced_is_claimed_as_it_comes() -> None:
    quotas = FileQuotas(FileBounds(process=100))
    quotas.begin("f", "r", ADA, 0)
    quotas.reaches("f", 100)
    with pytest.raises(Refused):
        quotas.reaches("f", 101)
    quotas.gone("f")
    assert quotas.bytes == 0
    quotas.begin("g", "r", ADA, 100)


def test_one_file_has_a_bound_of_its_own() -> None:
    quotas = FileQuotas(FileBounds(file=10))
    assert refused(quotas, "f", size=11).code is Code.FILE_TOO_LARGE
    quotas.begin("f", "r", ADA, 0)
    quotas.reaches("f", 10)
    with pytest.raises(Refused) as caught:
        quotas.reaches("f", 11)
    assert caught.value.code is Code.FILE_TOO_LARGE


def test_a_room_and_an_address_have_bounds_and_get_back_what_is_erased() -> None:
    quotas = FileQuotas(FileBounds(room=100, address=150))
    quotas.begin("f", "r", ADA, 100)
    refusal = refused(quotas, "g")
    assert (refusal.code, status_of(refusal)) == (Code.QUOTA_EXCEEDED, 429)
    quotas.begin("g", "another", ADA, 50)
    assert status_of(refused(quotas, "h", "third")) == 429
    quotas.begin("h", "third", BOB, 100)
    quotas.gone("f")
    quotas.begin("i", "r", ADA, 100)


def test_what_turned_out_shorter_counts_as_it_is() -> None:
    quotas = FileQuotas(FileBounds(process=100))
    quotas.begin("f", "r", ADA, 100)
    quotas.settle("f", 10)
    assert quotas.bytes == 10
    quotas.gone("f")
    quotas.gone("f")
    assert quotas.bytes == 0


def test_a_file_of_an_earlier_process_counts_for_its_room() -> None:
    quotas = FileQuotas(FileBounds(room=100))
    quotas.restored("f", "r", 100)
    assert refused(quotas, "g").code is Code.QUOTA_EXCEEDED
    quotas.gone("f")
    quotas.begin("g", "r", ADA, 100)


def test_files_have_a_number_however_small_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (limits.MAX_FILES_PER_ROOM, limits.MAX_FILES) == (1_000, 100_000)
    monkeypatch.setattr(file_quotas, "MAX_FILES_PER_ROOM", 2)
    monkeypatch.setattr(file_quotas, "MAX_FILES", 3)
    quotas = FileQuotas(FileBounds())
    for file_id in ("f", "g"):
        quotas.begin(file_id, "r", ADA, 0)
    assert status_of(refused(quotas, "h")) == 429
    quotas.begin("h", "another", ADA, 0)
    assert status_of(refused(quotas, "i", "third")) == 503


@pytest.mark.parametrize("kind", ["upload", "download"])
def test_so_many_are_on_their_way_at_once(kind: str) -> None:
    quotas = FileQuotas(FileBounds())
    with ExitStack() as stack:
        for _ in range(MAX_TRANSFERS_PER_ADDRESS):
            stack.enter_context(quotas.transfer(kind, ADA))
        with pytest.raises(Refused) as caught, quotas.transfer(kind, ADA):
            pass
        assert status_of(caught.value) == 429
        for _ in range(MAX_TRANSFERS - MAX_TRANSFERS_PER_ADDRESS):
            stack.enter_context(quotas.transfer(kind, ()))
        with pytest.raises(Refused) as caught, quotas.transfer(kind, BOB):
            pass
        assert status_of(caught.value) == 503
    assert quotas.under_way[kind] == 0
    with quotas.transfer(kind, ADA):
        pass


def test_nothing_is_kept_of_whoever_has_nothing() -> None:
    quotas = FileQuotas(FileBounds(file=1_000, process=1_000, room=1_000, address=1_000))
    quotas.begin("f", "r", ADA, 10)
    with quotas.transfer("upload", ADA):
        pass
    quotas.gone("f")
    assert not any((quotas._claims, quotas._of_rooms, quotas._files_of_rooms, quotas._of_addresses, quotas._transfers))
