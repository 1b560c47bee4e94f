"""Files in a room: whose they are, who may open them, and when they go."""

from __future__ import annotations

import pytest

from rooms.errors import Code, Refused
from rooms.files import File, Files, content_type_of, file_from, name_of
from rooms.limits import MAX_ATTACHED_FILES, MAX_CONTENT_TYPE_CHARS, MAX_FILE_NAME_CHARS, UNATTACHED_S

NOW = 1_000.0


def laid_down(files: Files, file_id: str = "f", owner: str = "ada", room: str = "r", now: float = NOW) -> File:
    """A file that is complete."""
    file = File(file_id, room, owner, 100)
    file.complete(now)
    files.add(file)
    return file


def may_open(files: Files, participant: str, file_id: str = "f", now: float = NOW, *, is_host: bool = False) -> bool:
    try:
        files.opened("r", file_id, participant, now, is_host=is_host)
    except Refused as refused:
        return refused.code is not Code.NOT_FOUND
    return True


def refusal(files: Files, participant: str, *file_ids: str, now: float = NOW, is_host: bool = False) -> Code | None:
    """What attaching them would be refused with."""
    try:
        files.to_attach("r", file_ids, participant, now, is_host=is_host)
    except Refused as refused:
        return refused.code
    return None


def test_until_it_is_attached_a_file_is_its_authors_alone() -> None:
    files = Files()
    laid_down(files)
    assert may_open(files, "ada")
    assert not may_open(files, "bob")
    assert not may_open(files, "bob", is_host=True)
    assert not may_open(files, "", is_host=True)


def test_only_its_author_may_attach_it_and_to_one_message() -> None:
    files = Files()
    laid_down(files)
    assert refusal(files, "bob", "f") is Code.NOT_FOUND
    assert refusal(files, "bob", "f", is_host=True) is Code.NOT_FOUND
    assert refusal(files, "ada", "g") is Code.NOT_FOUND
    files.attach(files.to_attach("r", ["f"], "ada", NOW, is_host=False), "m")
    assert refusal(files, "ada", "f") is Code.NOT_FOUND


def test_it_is_attached_in_its_own_room() -> None:
    files = Files()
    laid_down(files)
    with pytest.raises(Refused):
        files.to_attach("another", ["f"], "ada", NOW, is_host=False)


def test_what_the_host_key_laid_down_the_host_may_attach() -> None:
    files = Files()
    laid_down(files, owner="")
    assert refusal(files, "bob", "f") is Code.NOT_FOUND
    assert refusal(files, "bob", "f", is_host=True) is None
    assert refusal(files, "", "f", is_host=True) is None


def test_one_file_comes_once_in_a_message_and_there_are_so_many_at_most() -> None:
    files = Files()
    ids = [f"f{number}" for number in range(MAX_ATTACHED_FILES + 1)]
    for file_id in ids:
        laid_down(files, file_id)
    assert refusal(files, "ada", "f0", "f0") is Code.INVALID_PAYLOAD
    assert refusal(files, "ada", *ids) is Code.INVALID_PAYLOAD
    assert refusal(files, "ada", *ids[:-1]) is None


def test_where_one_of_several_cannot_be_attached_none_is() -> None:
    files = Files()
    laid_down(files)
    laid_down(files, "g", owner="bob")
    assert refusal(files, "ada", "f", "g") is Code.NOT_FOUND
    assert refusal(files, "ada", "f") is None


def test_an_attached_file_opens_for_all_in_the_room() -> None:
    files = Files()
    files.attach([laid_down(files)], "m")
    assert all(may_open(files, who) for who in ("ada", "bob", ""))


def test_a_file_of_a_private_message_opens_for_the_two() -> None:
    files = Files()
    files.attach([laid_down(files)], "m", audience=("ada", "bob"))
    assert may_open(files, "ada")
    assert may_open(files, "bob")
    assert not may_open(files, "eve")
    assert not may_open(files, "eve", is_host=True)
    assert not may_open(files, "", is_host=True)


def test_a_file_that_is_seen_once_opens_while_its_message_is_shown() -> None:
    files, viewed = Files(), {"bob": NOW + 60}
    files.attach([laid_down(files)], "m", viewed=viewed)
    assert may_open(files, "bob", now=NOW + 59)
    assert not may_open(files, "bob", now=NOW + 60)
    assert not may_open(files, "eve")
    assert not may_open(files, "", is_host=True)
    viewed["eve"] = NOW + 70
    assert may_open(files, "eve", now=NOW + 60)


def test_when_all_have_seen_it_the_last_one_still_has_the_time() -> None:
    files = Files()
    files.attach([laid_down(files)], "m", viewed={})
    files.seen_by_all("r", "m", {"bob": NOW + 60}, NOW + 60)
    assert may_open(files, "bob", now=NOW + 59)
    assert list(files.due(NOW + 59)) == []
    assert [file.id for file in files.due(NOW + 60)] == ["f"]
    assert not may_open(files, "ada", now=NOW + 60)


def test_what_nobody_attaches_goes_after_ten_minutes() -> None:
    files = Files()
    laid_down(files)
    assert list(files.due(NOW + UNATTACHED_S - 1)) == []
    assert refusal(files, "ada", "f", now=NOW + UNATTACHED_S) is Code.NOT_FOUND
    assert [file.id for file in files.due(NOW + UNATTACHED_S)] == ["f"]
    assert files.count == files.bytes == 0


def test_what_is_attached_stays_until_its_message_expires() -> None:
    files = Files()
    files.attach([laid_down(files)], "m")
    files.attach([laid_down(files, "g")], "n", due_at=NOW + 5_000)
    assert list(files.due(NOW + 4_999)) == []
    assert [file.id for file in files.due(NOW + 5_000)] == ["g"]
    assert may_open(files, "bob", now=NOW + 6_000)


def test_it_goes_with_its_message() -> None:
    files = Files()
    files.attach([laid_down(files), laid_down(files, "g")], "m")
    files.attach([laid_down(files, "h")], "n")
    assert {file.id for file in files.message_gone("r", "m")} == {"f", "g"}
    assert files.message_gone("r", "m") == []
    assert [file.id for file in files.of_room("r")] == ["h"]


def test_it_goes_with_its_room() -> None:
    files = Files()
    file = laid_down(files)
    files.attach([laid_down(files, "g")], "m")
    laid_down(files, "h", room="another")
    assert {one.id for one in files.room_over("r")} == {"f", "g"}
    assert file.gone
    assert files.count == 1


def test_whoever_leaves_takes_along_what_nobody_could_attach_any_more() -> None:
    files = Files()
    laid_down(files)
    files.attach([laid_down(files, "g")], "m")
    laid_down(files, "h", owner="bob")
    assert [file.id for file in files.participant_gone("r", "ada")] == ["f"]
    assert {file.id for file in files.of_room("r")} == {"g", "h"}


def test_what_is_gone_is_taken_away_once() -> None:
    files = Files()
    file = laid_down(files)
    assert files.remove(file)
    assert not files.remove(file)
    assert list(files.due(NOW + UNATTACHED_S)) == []
    assert files.count == files.bytes == 0


def test_plans_that_do_not_hold_any_more_do_not_pile_up() -> None:
    files = Files()
    for number in range(1_000):
        files.remove(laid_down(files, str(number)))
    assert len(files._due) < 100


def test_a_record_is_the_file_on_the_other_clock() -> None:
    files = Files()
    file = laid_down(files)
    files.attach([file], "m", due_at=NOW + 50, audience=("bob", "ada"))
    record = file.record(ahead_s=500.0)
    assert record.expires_at == NOW + 550
    back = file_from(record, ahead_s=700.0)
    assert back.due_at == NOW - 150
    assert (back.id, back.owner, back.message_id, back.audience) == ("f", "ada", "m", frozenset({"ada", "bob"}))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, None),
        ("", None),
        ("picture.png", "picture.png"),
        ("ünï çødé 🎉.png", "ünï çødé 🎉.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\windows\\calc.exe", "calc.exe"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("\x00\x1b[31m", "[31m"),
        ("..", None),
        ("/", None),
        ("x" * MAX_FILE_NAME_CHARS, "x" * MAX_FILE_NAME_CHARS),
    ],
)
def test_a_name_is_shown_without_what_could_mislead(given: str | None, shown: str | None) -> None:
    assert name_of(given) == shown


def test_a_name_has_a_bound() -> None:
    with pytest.raises(Refused) as refused:
        name_of("x" * (MAX_FILE_NAME_CHARS + 1))
    assert refused.value.code is Code.INVALID_PAYLOAD


@pytest.mark.parametrize("given", ["image/png", "text/html; charset=utf-8", "application/vnd.x+json"])
def test_a_media_type_is_kept_as_it_is(given: str) -> None:
    assert content_type_of(given) == given


@pytest.mark.parametrize(
    "given",
    [
        "png",
        "image/",
        "image/png\r\nX: y",
        "image/png; x=\x00",
        "multipart/form-data; boundary=x",
        "a/" + "x" * MAX_CONTENT_TYPE_CHARS,
    ],
)
def test_what_is_no_media_type_is_refused(given: str) -> None:
    with pytest.raises(Refused) as refused:
        content_type_of(given)
    assert refused.value.code is Code.INVALID_PAYLOAD
