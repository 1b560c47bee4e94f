"""The page in a real Chromium, against the real server: newcomers, reloads, outages, keyboards and attackers."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.support.node import node_script, run_node
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import ServerProcess, server_process

HERE = Path(__file__).parent
SCRIPT_LIMIT_S = 110.0
BOXES_LIMIT_S = 220.0
LEAKS_LIMIT_S = 400.0
VISITS = 8
MANY_VISITS = 50
AXE_LIMIT_S = 280.0
RESTART_LIMIT_S = 60.0
# No address outside the machine is asked for candidates.
OFFLINE = {"STUN_URLS": "", "LOG_LEVEL": "debug", "LOG_FORMAT": "json"}
SECRET = "a secret of twenty-two characters"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    requires("node", "node packages", "chromium")
    with server_process(**OFFLINE) as running:
        yield running


async def run(script: str, *arguments: str, limit_s: float = SCRIPT_LIMIT_S) -> dict[str, Any]:
    lines = await run_node(HERE / script, *arguments, limit_s=limit_s)
    result = lines[-1]
    assert isinstance(result, dict)
    return result


async def test_a_newcomer_makes_a_room_and_talks_face_to_face_in_under_ten_clicks(server: ServerProcess) -> None:
    seen = await run("newcomer.mjs", server.url)
    assert seen["clicks"] < 10
    assert seen["errors"] == []


async def test_on_the_narrowest_phones_every_button_is_whole(server: ServerProcess) -> None:
    seen = await run("narrow.mjs", server.url)
    assert min(seen["widths"]) == 320


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
async def test_everything_is_in_its_box_at_five_sizes(server: ServerProcess, browser: str) -> None:
    requires(browser)
    seen = await run("boxes.mjs", server.url, browser, limit_s=BOXES_LIMIT_S)
    assert seen["measured"] > 100


@pytest.mark.slow
@pytest.mark.parametrize("language", ["de", "ar"])
async def test_a_long_language_and_one_from_right_to_left_fit(server: ServerProcess, language: str) -> None:
    seen = await run("languages.mjs", server.url, language)
    assert seen["looked"] > 20


async def test_news_advice_and_used_links_are_told_in_time(server: ServerProcess) -> None:
    seen = await run("told.mjs", server.url)
    assert seen["told"] == ["news", "advice", "usedLink", "lastWish"]


async def test_however_a_call_ends_the_others_see_it_at_once() -> None:
    requires("node", "node packages", "chromium")
    grace_s = 3 * PACE
    with server_process(**OFFLINE, SEAT_GRACE_S=str(grace_s)) as server:
        seen = await run("ways.mjs", server.url, str(1_000 * grace_s))
        assert seen["ways"] == ["leaving", "hangUp", "reload", "closedTab", "withoutWebRtc", "lostDevice"]


@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("visits", [VISITS, pytest.param(MANY_VISITS, marks=pytest.mark.soak)])
async def test_many_visits_in_one_tab_leave_nothing_open_and_nothing_behind(server: ServerProcess, visits: int) -> None:
    seen = await run("leaks.mjs", server.url, str(visits), limit_s=LEAKS_LIMIT_S)
    assert seen["rounds"] == visits


@pytest.mark.slow
async def test_a_reload_and_an_outage_of_ten_seconds_lose_and_double_nothing(server: ServerProcess) -> None:
    seen = await run("comeback.mjs", server.url)
    assert seen["callBackMs"] < 5_000 * PACE


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_four_people_all_see_each_other_also_after_one_has_reloaded(server: ServerProcess) -> None:
    seen = await run("mesh.mjs", server.url, limit_s=150.0)
    assert seen["connectedMs"] > 0


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("size", ["phone", pytest.param("desktop", marks=pytest.mark.soak)])
async def test_hostile_names_and_messages_run_nothing_and_break_no_layout(server: ServerProcess, size: str) -> None:
    seen = await run("hostile.mjs", server.url, size, limit_s=150.0)
    assert seen["checked"] >= 8


HOST_PARTS = [
    "oneTimeLinks",
    "lobbyAndLock",
    "secondTab",
    "takeBackOpensNothing",
    "password",
    "hostLink",
    "backAndForward",
]


@pytest.mark.slow
@pytest.mark.parametrize("part", HOST_PARTS)
async def test_a_host_decides_who_comes_in_and_a_second_tab_takes_over(server: ServerProcess, part: str) -> None:
    assert await run("host.mjs", server.url, part) == {"done": part}


async def test_a_server_that_kept_nothing_leaves_a_clear_page_behind() -> None:
    requires("node", "node packages", "chromium")
    with server_process(**OFFLINE) as server:
        async with node_script(HERE / "restart.mjs", server.url) as pages:
            await pages.call("meet", text="hello", names=["Ada", "Ben"], limit_s=RESTART_LIMIT_S)
            await asyncio.to_thread(server.kill)
            await pages.call("offline", limit_s=RESTART_LIMIT_S)
            await asyncio.to_thread(server.restart)
            await pages.call("gone", limit_s=RESTART_LIMIT_S)


async def test_the_keyboard_alone_makes_a_room_and_ends_it(server: ServerProcess) -> None:
    assert (await run("keyboard.mjs", server.url))["errors"] == []


async def test_a_server_that_swaps_fingerprints_gets_no_media(server: ServerProcess) -> None:
    seen = await run("middle.mjs", server.url)
    assert seen["forged"] > 0
    assert seen["errors"] == []


async def test_a_link_without_the_key_of_its_room_says_so_at_once_and_sends_nothing(server: ServerProcess) -> None:
    seen = await run("keyless.mjs", server.url)
    assert set(seen["soon"]) == {"without", "wrong", "damaged", "stripped"}
    assert seen["errors"] == []


async def test_a_name_that_was_not_sealed_is_marked_wherever_it_is_shown(server: ServerProcess) -> None:
    assert await run("unsealed.mjs", server.url) == {"errors": []}


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("part", ["captions", "recording"])
async def test_captions_are_for_who_asked_and_everybody_knows_who_records(server: ServerProcess, part: str) -> None:
    assert (await run("more.mjs", server.url, part, limit_s=200.0))["errors"] == []


STATES = {
    "outside": "landing,ready,choosing,ready-qr,door,no-camera,waiting,missing-client",
    "inside": "alone,chat,people,screen,knock",
    "above": "reconnecting,ending,leave,invite,devices,keys",
    "files": "files,picture,chosen,recording",
    "talking": "lively,messageMenu,searching,picker,add,newPoll",
    "staged": "knocking,shares,pinned",
    "kept": "elsewhere,links,your-rooms,left",
    "instead": "used,over,full,locked,not-found,invite-needed,removed",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("states", "looks"),
    [
        *(pytest.param(STATES[name], "crossed", id=name) for name in STATES if name != "staged"),
        *(pytest.param(states, "every", id=f"{name}-every", marks=pytest.mark.soak) for name, states in STATES.items()),
    ],
)
async def test_axe_finds_nothing_on_any_state_at_any_size_in_any_theme(
    server: ServerProcess, states: str, looks: str
) -> None:
    seen = await run("axe.mjs", server.url, states, looks, limit_s=AXE_LIMIT_S)
    assert seen["violations"] == []
    assert seen["checked"] == (4 if looks == "every" else 2) * len(states.split(","))


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_restarted_server_finds_both_people_back_and_never_held_a_word_of_theirs(mongo_uri: str) -> None:
    requires("node", "node packages", "chromium")
    planted, names = "Zwetschgenknödel-7431", ["Ada Zwetschge-7431", "Ben Zwetschge-7432"]
    later = "Marillenknödel-7431"
    with server_process(**OFFLINE, MONGODB_URI=mongo_uri, MESSAGE_LOG="on") as server:
        async with node_script(HERE / "restart.mjs", server.url) as pages:
            await pages.call("meet", text=planted, names=names, limit_s=RESTART_LIMIT_S)
            control = await asyncio.to_thread(post_in_the_open, server.url)
            secrets = [planted, later, *names]
            assert words_in_memory(server.pid, [control, *secrets]) == {control}
            await asyncio.to_thread(server.terminate)
            await pages.call("offline", limit_s=RESTART_LIMIT_S)
            await pages.call("sayOffline", text=later)
            await asyncio.to_thread(server.restart)
            await pages.call("back", text=later, all=[planted, later], limit_s=RESTART_LIMIT_S)
        held = "".join([server.log(), everything_in(mongo_uri)])
        assert "Zwetschge" not in held
        assert "Marille" not in held
        assert words_in_memory(server.pid, secrets) == set()


def post_in_the_open(url: str) -> str:
    """A word that the server does hold, so that the search for the others can be seen to work."""
    word = "Germknödel-7431"
    room = call(f"{url}/api/rooms", {})
    call(f"{url}/api/rooms/{room['roomId']}/messages", {"text": word}, room["hostKey"])
    return word


def call(url: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


def words_in_memory(pid: int, words: list[str]) -> set[str]:
    """Which of the words the process holds anywhere in its writable memory, in an encoding that Python may use."""
    needles = {word: [word.encode(code) for code in ("utf-8", "latin-1", "utf-16-le")] for word in words}
    found = set()
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            matched = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if matched is None or "[v" in line:
                continue
            start, end = (int(part, 16) for part in matched.groups())
            memory.seek(start)
            try:
                content = memory.read(end - start)
            except OSError:
                continue  # A region that went away while it was being read.
            found |= {word for word, forms in needles.items() if any(form in content for form in forms)}
    return found


def everything_in(uri: str) -> str:
    """Every document of every collection of the database, as text."""
    with MongoClient[dict[str, Any]](uri) as client:
        database = client.get_default_database()
        names = database.list_collection_names()
        documents = [document for name in names for document in database[name].find()]
    assert documents
    return str(documents)


async def test_the_client_loses_and_doubles_nothing_on_a_network_that_does() -> None:
    requires("node", "node packages")
    with server_process(**OFFLINE, SEAT_GRACE_S="2") as server:
        assert len((await run("live.mjs", server.url, "2000"))["passed"]) == 8


async def test_the_client_keeps_what_is_sealed_sealed_and_gives_joins_back() -> None:
    requires("node", "node packages")
    with server_process(**OFFLINE, EVENTS_PER_S="0") as server:
        assert len((await run("sealed.mjs", server.url))["passed"]) == 16


SAID = ["editing", "deleting", "away", "pictured", "reloaded", "reactions", "polls", "passing", "people"]


async def test_the_client_changes_takes_back_and_erases_what_was_said_sealed_and_plain() -> None:
    requires("node", "node packages")
    with server_process(**OFFLINE, EVENTS_PER_S="0") as server:
        seen = await run("said.mjs", server.url)
    assert seen["passed"] == [f"{part}{seal}" for part in SAID for seal in ("", " sealed")] + ["forging sealed"]


FILED = ["sending", "strange", "trying", "cancelling", "resuming", "erasing", "once"]


@pytest.mark.slow
@pytest.mark.parametrize("store", [pytest.param("memory", marks=pytest.mark.soak), "mongo"])
async def test_the_client_sends_opens_and_lets_go_of_files_and_notices_a_server_that_cheats(
    store: str, request: pytest.FixtureRequest
) -> None:
    requires("node", "node packages")
    kept = {"MONGODB_URI": request.getfixturevalue("mongo_uri")} if store == "mongo" else {}
    with server_process(**OFFLINE, EVENTS_PER_S="0", FILE_STORE=store, STORAGE_SECRET=SECRET, **kept) as server:
        seen = await run("filed.mjs", server.url)
    assert seen["passed"] == [f"{part}{seal}" for part in FILED for seal in ("", " sealed")] + ["hostile sealed"]


@pytest.mark.parametrize("seed", ["1", pytest.param("2", marks=pytest.mark.soak)])
async def test_whoever_is_cut_off_in_the_middle_of_changes_ends_with_the_picture_of_the_server(seed: str) -> None:
    requires("node", "node packages")
    with server_process(**OFFLINE, EVENTS_PER_S="0") as server:
        seen = await run("model.mjs", server.url, seed)
    assert min(seen["plain"]["cuts"], seen["sealed"]["cuts"]) > 10


LIVELY = ["links", "answersAndEdits", "copies", "reactions", "whatIsNew", "searching", "polls", "aside", "finger"]


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_people_answer_edit_react_ask_and_find_by_keyboard_pointer_and_finger(server: ServerProcess) -> None:
    assert await run("lively.mjs", server.url, limit_s=150.0) == {"done": LIVELY, "errors": []}


ERASED = [
    "undone",
    "told",
    "early",
    "onReturn",
    "inHand",
    "overReload",
    "once",
    "onceTakenBack",
    "expired",
]


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_what_is_deleted_edited_away_expired_or_seen_is_nowhere_on_anybodys_page(server: ServerProcess) -> None:
    assert await run("erased.mjs", server.url, limit_s=200.0) == {"done": ERASED, "errors": []}
