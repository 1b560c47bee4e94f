"""Vouching for fingerprints: both ways with the JavaScript client's own code, and against tampering."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from peer.sdp import Unverified, fingerprints_in
from peer.vouch import Voucher
from tests.support.pace import PACE
from tests.support.processes import ROOT

SECRET = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
ROOM = "Zk3vQ0c9TzqkL1m8Xb2N4w"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 AB:CD\r\n"
)
ADDED = json.loads((Path(__file__).parent / "sdp_spellings.json").read_text())["added"]
FINGERPRINT = "a=fingerprint:sha-256 AB:CD\r\n"
SIGN = """
import { openKeyring } from "./client/crypto/crypto.js";
const { secret, room, sdp, verify } = JSON.parse(process.argv[1]);
const keyring = await openKeyring(secret, room);
const route = { from: "p-1", to: "p-2", negotiationId: "n-1" };
const description = { type: "offer", sdp };
const done = verify ? keyring.verifyDescription(route, description) : keyring.signDescription(route, description);
process.stdout.write((await done).sdp);
"""


def in_javascript(node: str, sdp: str, *, verify: bool) -> str:
    given = json.dumps({"secret": SECRET, "room": ROOM, "sdp": sdp, "verify": verify})
    command = [node, "--input-type=module", "-e", SIGN, given]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=30 * PACE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_what_the_javascript_client_signed_is_accepted(node: str) -> None:
    signed = in_javascript(node, SDP, verify=False)
    assert Voucher(SECRET, ROOM).verify(signed, "offer", "p-1", "p-2", "n-1") == SDP


def test_the_javascript_client_accepts_what_we_sign(node: str) -> None:
    signed = Voucher(SECRET, ROOM).sign(SDP, "offer", "p-1", "p-2", "n-1")
    assert in_javascript(node, signed, verify=True) == SDP


@pytest.mark.parametrize(
    ("sdp", "kind", "sender", "target", "negotiation_id"),
    [
        ("changed", "offer", "p-1", "p-2", "n-1"),
        ("same", "answer", "p-1", "p-2", "n-1"),
        ("same", "offer", "p-3", "p-2", "n-1"),
        ("same", "offer", "p-1", "p-3", "n-1"),
        ("same", "offer", "p-1", "p-2", "n-2"),
        ("same", "offer", "p-1", "p-2", None),
        ("bare", "offer", "p-1", "p-2", "n-1"),
        ("twice", "offer", "p-1", "p-2", "n-1"),
    ],
)
def test_what_was_changed_or_sent_elsewhere_is_refused(
    sdp: str, kind: str, sender: str, target: str, negotiation_id: str | None
) -> None:
    voucher = Voucher(SECRET, ROOM)
    signed = voucher.sign(SDP, "offer", "p-1", "p-2", "n-1")
    forms = {
        "same": signed,
        "changed": signed.replace("AB:CD", "AB:CE"),
        "bare": SDP,
        "twice": voucher.sign(signed, "offer", "p-1", "p-2", "n-1"),
    }
    with pytest.raises(Unverified):
        voucher.verify(forms[sdp], kind, sender, target, negotiation_id)


def test_another_room_has_another_key() -> None:
    signed = Voucher(SECRET, ROOM).sign(SDP, "offer", "p-1", "p-2", None)
    with pytest.raises(Unverified):
        Voucher(SECRET, ROOM + "x").verify(signed, "offer", "p-1", "p-2", None)


@pytest.mark.parametrize("secret", ["", "short", "ü" * 43, base64.urlsafe_b64encode(bytes(31)).decode()])
def test_a_key_of_a_wrong_shape_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="end-to-end key"):
        Voucher(secret, ROOM)


@pytest.mark.parametrize("line", ADDED.values(), ids=ADDED.keys())
def test_no_line_that_a_lenient_reader_might_obey_passes(line: str) -> None:
    voucher = Voucher(SECRET, ROOM)
    signed = voucher.sign(SDP, "offer", "p-1", "p-2", "n-1")
    forms = [
        signed + line,
        signed.replace("m=audio", line + "m=audio"),
        signed.replace(FINGERPRINT, line),
        signed.replace(FINGERPRINT, line + FINGERPRINT),
    ]
    for forged in forms:
        with pytest.raises(Unverified):
            voucher.verify(forged, "offer", "p-1", "p-2", "n-1")


def test_nobody_vouches_for_a_description_without_a_fingerprint() -> None:
    with pytest.raises(Unverified):
        Voucher(SECRET, ROOM).sign(SDP.replace(FINGERPRINT, ""), "offer", "p-1", "p-2", "n-1")


def test_every_fingerprint_is_found_once_wherever_it_stands() -> None:
    more = SDP.replace("m=audio", "a=fingerprint:sha-512 EF:EF\r\nm=audio") + FINGERPRINT
    assert fingerprints_in(more) == ["sha-256 ab:cd", "sha-512 ef:ef"]
