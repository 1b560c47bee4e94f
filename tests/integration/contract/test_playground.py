"""`/playground` is there in development alone, and no other page is less strict for it."""

from __future__ import annotations

import pytest

from tests.support.server import running


def directives(policy: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (each.strip().partition(" ") for each in policy.split(";"))}


@pytest.mark.parametrize("environment", ["production", "staging", "test"])
async def test_only_a_server_in_development_has_it(environment: str) -> None:
    async with running(environment=environment) as server:
        for path in ("/playground", "/playground/frame"):
            assert (await server.call("GET", path)).status == 404


async def test_its_page_may_have_frames_of_this_server_and_is_as_strict_as_any_otherwise() -> None:
    async with running(environment="development") as server:
        front, page = [await server.call("GET", path) for path in ("/", "/playground")]
    front_policy, policy = [directives(each.headers["Content-Security-Policy"]) for each in (front, page)]
    assert policy.pop("frame-src") == "'self'"
    assert policy == front_policy
    assert "frame-src" not in front_policy


async def test_a_frame_has_no_origin_and_reaches_nothing_but_its_scripts() -> None:
    async with running(environment="development") as server:
        answer = await server.call("GET", "/playground/frame", headers={"X-Forwarded-Host": "evil.test; connect-src *"})
    policy = directives(answer.headers["Content-Security-Policy"])
    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == "'none'"
    assert set(policy) == {"sandbox", "default-src", "script-src", "base-uri", "form-action", "frame-ancestors"}
    assert "evil" not in policy["script-src"] + policy["frame-ancestors"]
