"""ICE servers and TURN credentials: the arithmetic, and what a real coturn says of them."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from signaling.ice import IceSettings, ice_servers, turn_credential

NOW = 1_800_000_000.75
STUN = ("stun:stun.example.org:3478",)
TURN = ("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349?transport=tcp")
FULL = IceSettings(stun_urls=STUN, turn_urls=TURN, turn_secret="north", turn_ttl_s=600)


def test_a_participant_gets_stun_and_a_turn_entry_of_its_own() -> None:
    given = ice_servers(FULL, "p-1", NOW)
    stun, turn = given.as_json()
    assert stun == {"urls": list(STUN)}
    assert turn["urls"] == list(TURN)
    assert turn["username"] == "1800000600:p-1"
    digest = hmac.new(b"north", b"1800000600:p-1", hashlib.sha1).digest()
    assert turn["credential"] == base64.b64encode(digest).decode()
    assert given.expires_at == 1_800_000_600.0


def test_the_credential_is_the_published_hmac() -> None:
    # RFC 2202, test case 2: key "Jefe", data "what do ya want for nothing?".
    assert base64.b64decode(turn_credential("Jefe", "what do ya want for nothing?")).hex() == (
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    )


def test_the_time_in_the_user_name_is_the_time_that_is_told() -> None:
    given = ice_servers(FULL, "p-1", NOW)
    assert given.expires_at == int(str(given.servers[1].username).split(":")[0])


def test_two_participants_never_share_a_credential() -> None:
    one, other = (ice_servers(FULL, name, NOW).servers[1] for name in ("p-1", "p-2"))
    assert one.username != other.username
    assert one.credential != other.credential


@pytest.mark.parametrize(
    "settings",
    [IceSettings(STUN, TURN, "", 600), IceSettings(STUN, (), "north", 600)],
    ids=["no secret", "no server"],
)
def test_there_is_no_turn_without_a_server_and_its_secret(settings: IceSettings) -> None:
    given = ice_servers(settings, "p-1", NOW)
    assert given.as_json() == [{"urls": list(STUN)}]
    assert given.expires_at is None


def test_nothing_configured_gives_an_empty_list() -> None:
    assert ice_servers(IceSettings(), "p-1", NOW).as_json() == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"stun_urls": ("turn:a",)},
        {"turn_urls": ("stun:a",)},
        {"stun_urls": ("http://a",)},
        {"turn_urls": ("",)},
        {"turn_ttl_s": 0},
        {"turn_ttl_s": -5},
    ],
)
def test_settings_that_no_client_could_use_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must (start|be)"):
        IceSettings(**arguments)  # type: ignore[arg-type]


def test_secrets_stay_out_of_every_repr() -> None:
    given = ice_servers(FULL, "p-1", NOW)
    assert "north" not in repr(FULL)
    assert str(given.servers[1].credential) not in repr(given)
