"""The test peer's keys and sealed names are those of the JavaScript client."""

from __future__ import annotations

import base64
import json
import subprocess

import pytest

from mayfly_client.keys import base16384, key_check, sealed_name, secret_bytes
from tests.support.pace import PACE
from tests.support.processes import ROOT

SECRET = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
ROOM = "Zk3vQ0c9TzqkL1m8Xb2N4w"
OPEN = """
import { checkOf, openKeyring } from "./client/crypto/crypto.js";
import { fromBase16384 } from "./client/crypto/codec.js";
const { secret, room, names, coded } = JSON.parse(process.argv[1]);
const keyring = await openKeyring(secret, room);
const opened = await Promise.all(names.map((name) => keyring.openName(name)));
const bytes = coded.map((text) => [...fromBase16384(text)]);
process.stdout.write(JSON.stringify({ check: await checkOf(secret), opened, bytes }));
"""
NAMES = ["Ada", "Zoë Ünïcode 🪰", "x" * 64, "🪰" * 30, "a" + "é" * 60]


def test_the_javascript_client_opens_every_name_and_agrees_on_the_check(node: str) -> None:
    sealed = [sealed_name(SECRET, ROOM, name) for name in NAMES]
    contents = [bytes(range(count)) for count in range(16)]
    given = {"secret": SECRET, "room": ROOM, "names": sealed, "coded": [base16384(one) for one in contents]}
    command = [node, "--input-type=module", "-e", OPEN, json.dumps(given)]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=30 * PACE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert told["check"] == key_check(SECRET)
    assert told["bytes"] == [list(one) for one in contents]
    # 80 bytes hold the first three whole, and whole characters of the others.
    assert told["opened"] == [*NAMES[:3], "🪰" * 20, "a" + "é" * 39]
    assert {len(name) for name in sealed} == {64}


def test_a_name_is_sealed_anew_each_time_and_is_nowhere_in_it() -> None:
    one, other = (sealed_name(SECRET, ROOM, "Ada") for _ in range(2))
    assert one != other
    assert "Ada" not in one


@pytest.mark.parametrize("secret", ["short", "!" * 43, SECRET + "AA", ""])
def test_a_secret_of_another_shape_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="end-to-end key"):
        secret_bytes(secret)
