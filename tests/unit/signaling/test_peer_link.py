"""Links as people paste them."""

from __future__ import annotations

import pytest

from mayfly_client.link import Link, LinkError, parse_link

ROOM = "Zk3vQ0c9TzqkL1m8Xb2N4w"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"https://chat.example.org/r/{ROOM}", Link("https://chat.example.org", "", ROOM)),
        (f"http://127.0.0.1:3001/r/{ROOM}/", Link("http://127.0.0.1:3001", "", ROOM)),
        (f"localhost:3001/r/{ROOM}", Link("http://localhost:3001", "", ROOM)),
        (f"chat.example.org/r/{ROOM}", Link("https://chat.example.org", "", ROOM)),
        (f"wss://chat.example.org/r/{ROOM}", Link("https://chat.example.org", "", ROOM)),
        (f"https://[2001:db8::1]:8443/r/{ROOM}", Link("https://[2001:db8::1]:8443", "", ROOM)),
        (f"https://example.org/may/fly/r/{ROOM}", Link("https://example.org", "/may/fly", ROOM)),
        (f"https://a.org/r/{ROOM}#invite=one-two_3", Link("https://a.org", "", ROOM, "one-two_3")),
        (f"https://a.org/r/{ROOM}?invite=q", Link("https://a.org", "", ROOM, "q")),
        (f"https://a.org/r/{ROOM}?invite=q#invite=f", Link("https://a.org", "", ROOM, "f")),
        (f"https://a.org/r/{ROOM}#hostKey=h", Link("https://a.org", "", ROOM, None, "h")),
        (f"https://a.org/r/{ROOM}#key=h&e2e=s", Link("https://a.org", "", ROOM, None, "h", "s")),
        (f" https://a.org/r/{ROOM}#utm=x&invite=i \n", Link("https://a.org", "", ROOM, "i")),
        ("https://a.org", Link("https://a.org")),
        ("https://a.org/may/", Link("https://a.org", "/may")),
    ],
)
def test_a_link_says_where_the_room_is_and_what_admits_to_it(text: str, expected: Link) -> None:
    assert parse_link(text) == expected


def test_secrets_stay_out_of_the_repr() -> None:
    assert "hush" not in repr(parse_link(f"https://a.org/r/{ROOM}#invite=hush&hostKey=hush&e2e=hush"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "ftp://a.org/r/x",
        "https:///r/x",
        "https://a.org/r/",
        "https://a.org/r",
        f"https://a.org:99999/r/{ROOM}",
        "https://a.org/r/" + "x" * 5000,
    ],
)
def test_what_is_no_link_is_refused(text: str) -> None:
    with pytest.raises(LinkError):
        parse_link(text)


def test_rest_and_socket_paths_follow_the_public_url() -> None:
    link = parse_link(f"https://example.org/may/r/{ROOM}")
    assert link.server_url == "https://example.org/may"
    assert link.socket_path == "/may/socket.io"
