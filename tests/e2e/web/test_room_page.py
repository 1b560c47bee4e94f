"""What people do in a room with hands and keys, and what they see and hear there: in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.node import run_node
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import server_process

HERE = Path(__file__).parent
SCRIPT_LIMIT_S = 110.0
# No address outside the machine is asked for candidates.
OFFLINE = {"STUN_URLS": "", "LOG_LEVEL": "debug", "LOG_FORMAT": "json"}
GRACE_S = 6 * PACE
"""In it somebody leaves, and comes in again by the door."""


async def done_by(script: str, *arguments: str, limit_s: float = SCRIPT_LIMIT_S, **settings: str) -> object:
    """What the script says it has done, against a server of these settings; its address is the first argument."""
    requires("node", "node packages", "chromium")
    with server_process(**OFFLINE, **settings) as server:
        lines = await run_node(HERE / script, server.url, *arguments, limit_s=limit_s)
    return lines[-1]


async def test_keys_do_what_buttons_do_and_leaving_can_be_taken_back() -> None:
    seen = await done_by("hands.mjs", str(1_000 * GRACE_S), SEAT_GRACE_S=str(GRACE_S))
    assert seen == {"done": ["keys", "talking", "undone", "guarded"]}


async def test_what_happens_is_heard_and_a_knock_stays_until_it_is_answered() -> None:
    assert await done_by("heard.mjs") == {"done": ["sounds", "knocks", "asking"]}


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_the_stage_shows_whole_pictures_of_whoever_matters() -> None:
    seen = await done_by("stage.mjs", limit_s=200.0)
    assert seen == {"done": ["twoPeople", "shares", "speaking", "manyPeople", "views"]}


async def test_every_press_for_a_device_answers_and_choices_are_kept() -> None:
    assert await done_by("own-devices.mjs") == {"done": ["muted", "speaker", "noise", "flip"]}


async def test_whoever_asks_for_background_blur_is_never_seen_without() -> None:
    assert await done_by("blurred.mjs", "inCall,fromTheDoor") == {"done": ["inCall", "fromTheDoor"]}


@pytest.mark.soak
@pytest.mark.parametrize("part", ["atTheLast", "broken", "calledOff", "slow"])
async def test_background_blur_that_is_late_fails_is_called_off_or_too_slow_leaves_the_choice_to_its_person(
    part: str,
) -> None:
    assert await done_by("blurred.mjs", part) == {"done": [part]}


@pytest.mark.soak
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
async def test_blurred_pictures_go_on_in_a_tab_that_nobody_sees(browser: str) -> None:
    requires(browser)
    seen = await done_by("behind.mjs", browser)
    assert isinstance(seen, dict)
    assert seen["perSecond"] > 5


async def test_a_host_finds_the_room_again_and_sees_what_became_of_each_link() -> None:
    assert await done_by("keeping.mjs") == {"done": ["yourRooms", "forgotten", "elsewhere", "links"]}


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
async def test_the_stage_is_for_keyboards_and_pointers_in_both_browsers(browser: str) -> None:
    requires(browser)
    assert await done_by("keyed.mjs", browser) == {"done": ["keys", "corner", "card"]}
