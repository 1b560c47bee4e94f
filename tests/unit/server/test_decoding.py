"""The short way of the most frequent requests and the long way of all others: one verdict, one reading."""

from __future__ import annotations

import random
from typing import Annotated, Any, Literal

import msgspec
import orjson
import pytest
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, ValidationError, model_validator

from server.protocol import decoding
from server.protocol.decoding import CANDIDATE_FIELDS, DECODERS, HEAD_CHARS, decode, plain
from server.transport.socketio.packets import BadPacket, Unread, read_event
from server.usecases.commands import COMMANDS

INPUTS = 100_000
SEED = 17

CANDIDATE = {
    "candidate": "candidate:1 1 udp 2113937151 192.0.2.1 54321 typ host",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "abcd",
}
PLAIN: dict[str, dict[str, Any]] = {
    "send-message": {"roomId": "r" * 26, "text": "hello", "clientMessageId": "m1", "to": "p", "encrypted": True},
    "ice-candidate": {"roomId": "r" * 26, "to": "p", "negotiationId": "n", "candidate": CANDIDATE},
    "join-room": {
        "roomId": "r" * 26,
        "name": "Ann",
        "media": {"audio": True, "video": False, "handRaised": None},
        "resume": {"participantId": "p" * 16, "resumeToken": "t" * 52, "epoch": "e", "lastSeq": 8},
        "clientJoinId": "j" * 16,
        "snapshot": "ack",
    },
}
NESTED = (CANDIDATE, PLAIN["join-room"]["media"], PLAIN["join-room"]["resume"])
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 65_535, 65_536, 0.0, 1.0, 1.5, 1e300, 10**19, -(10**19), 10**30,
    "", "x", "é€😀", "x" * 64, "x" * 65, "😀" * 64, "😀" * 65, "x" * 256, "x" * 257, "x" * 2_048, "x" * 2_049,
    "x" * 10_001, "true", "1", "text", "image", "event", " Ann", "Ann  B.", "A\x7fnn", 8.0,
    "t" * 256, {"url": "https://a.example/b"}, 60,
    [], [1], {}, {"roomId": "r"}, CANDIDATE, {"candidate": ""}, {"sdpMid": None},
)  # fmt: skip
MORE = (
    "username",
    "userName",
    "hostKey",
    "invite",
    "password",
    "token",
    "snapshot",
    "name",
    "more",
    "room_id",
    "candidate",
    "to",
    "roomId",
    "kind",
    "data",
    "replyTo",
    "ttlS",
    "viewOnce",
    "encrypted",
)
RAW = (
    '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\x01"', '"\t"', '"\\x"', "NaN", "Infinity", "-0", "01", "1.", "-",
    "1e999", "1E2", "0.0", '"\x7f"', "nul", "'a'", "[", "}", "[" * 2_000 + "]" * 2_000, "{}", '{"a":}',
    '"\\/"', "\ufeff1",
)  # fmt: skip


def long_way(data: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any]:
    """What is made of a packet without the decoders: a verdict and, where it is granted, what is read."""
    with monkeypatch.context() as patch:
        for head in list(decoding._BY_HEAD):
            patch.delitem(decoding._BY_HEAD, head)
        try:
            ack_id, event, args = read_event(data)
        except (BadPacket, Unread) as refused:
            return type(refused).__name__, None
    assert isinstance(args, list)
    if event not in COMMANDS or len(args) != 1:
        return "refused", None
    try:
        return "granted", (ack_id, event, as_data(COMMANDS[event].validate(args[0])))
    except ValidationError:
        return "refused", None


def as_data(payload: Any) -> Any:
    """Field → value; of a candidate, which is passed on, in its order."""
    if isinstance(payload, dict):
        return dict(sorted(payload.items()))
    if not isinstance(payload, BaseModel | msgspec.Struct):
        return payload
    names = type(payload).model_fields if isinstance(payload, BaseModel) else payload.__struct_fields__
    found = {
        name: value if name == "candidate" else as_data(value) for name in names for value in [getattr(payload, name)]
    }
    if found.get("candidate") is not None:
        found["candidate"] = list(found["candidate"].items())
    return found


def exact(value: Any) -> str:
    """1, 1.0 and True are not the same."""
    return repr(value)


class Inputs:
    """Packets that are right, nearly right, and not right at all."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def one(self) -> str:
        chance = self._chance
        event = chance.choice(list(PLAIN))
        payload = self._changed(PLAIN[event])
        text = "[" + orjson.dumps(event).decode() + "," + self._written(payload) + "]"
        match chance.randrange(12):
            case 0:
                text = text.replace(" ", "").replace(",", " ,\n", chance.randrange(3))
            case 1:
                text = self._cut(text)
            case 2:
                text = text[:-1] + chance.choice((",1]", ",{}]", "", "]]", "] ", "]x", ",]"))
            case 3:
                text = text.replace(
                    event, chance.choice(("join-roo", "leave-room", "", "send-messag", event + "x", event.upper())), 1
                )
        return chance.choice(("2", "21", "2123", "20000000001")) + text

    def _changed(self, plain: dict[str, Any]) -> list[tuple[str, Any]]:
        chance = self._chance
        fields = list(plain.items())
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
            at = chance.randrange(len(fields)) if fields else 0
            match chance.randrange(6):
                case 0 | 1 if fields:
                    fields[at] = (fields[at][0], chance.choice(ODD))
                case 2 if fields:
                    del fields[at]
                case 3:
                    fields.insert(at, (chance.choice(MORE), chance.choice(ODD)))
                case 4:
                    chance.shuffle(fields)
                case 5 if fields:
                    inner = self._changed(chance.choice(NESTED))
                    fields[at] = (fields[at][0], dict(inner) if chance.random() < 0.7 else inner)
        return fields

    def _written(self, fields: list[tuple[str, Any]]) -> str:
        chance = self._chance
        parts = []
        for name, value in fields:
            written = isinstance(value, list) and value and isinstance(value[0], tuple)
            text = self._written(value) if written else self._value(value)
            parts.append(orjson.dumps(name).decode() + ":" + (chance.choice(RAW) if chance.random() < 0.02 else text))
        return "{" + ",".join(parts) + "}"

    @staticmethod
    def _value(value: Any) -> str:
        try:
            return orjson.dumps(value).decode()
        except TypeError:  # too large an integer for orjson
            return repr(value)

    def _cut(self, text: str) -> str:
        at = self._chance.randrange(len(text))
        return text[:at] + self._chance.choice(("", '"', "\\", "{", "\x00", "é", ",", "null")) + text[at + 1 :]


def test_both_ways_have_one_verdict_and_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = Inputs(SEED)
    short = granted = 0
    for _ in range(INPUTS):
        data = inputs.one()
        decoded = decode(data[data.find("[") :])
        verdict, read = long_way(data, monkeypatch)
        granted += verdict == "granted"
        if decoded is not None:
            short += 1
            ack_id, event, _ = read_event(data)
            assert verdict == "granted", data[:300]
            assert exact((ack_id, event, as_data(decoded[1]))) == exact(read), data[:300]
    # What is right mostly goes the short way, or this says nothing.
    assert short > INPUTS * 0.2
    assert short > granted * 0.6


@pytest.mark.parametrize("event", PLAIN)
def test_what_clients_send_goes_the_short_way(event: str) -> None:
    ack_id, name, args = read_event("27" + orjson.dumps([event, PLAIN[event]]).decode())
    assert (ack_id, name) == ("7", event)
    assert isinstance(args, tuple)


def test_the_end_of_candidates_goes_it_too() -> None:
    assert decode('["ice-candidate",{"roomId":"r","candidate":null}]') is not None


def test_fields_in_another_order_go_the_long_way_which_puts_them_right() -> None:
    turned = dict(reversed(CANDIDATE.items()))
    text = orjson.dumps(["ice-candidate", PLAIN["ice-candidate"] | {"candidate": turned}]).decode()
    assert decode(text) is None
    assert tuple(COMMANDS["ice-candidate"].validate(orjson.loads(text)[1]).candidate) == CANDIDATE_FIELDS


@pytest.mark.parametrize(
    "join",
    ["r", {"roomId": "r"}, {"roomId": "r", "name": None}, {"room": "r"}]
    + [{"roomId": "r", other: "Ann"} for other in ("username", "userName")]
    + [{"roomId": "r", "name": "Bob", "username": "Ann"}, {"roomId": "r", "name": " Ann  B. "}],
)
def test_a_join_means_the_same_however_it_is_written(join: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = "21" + orjson.dumps(["join-room", join]).decode()
    verdict, read = long_way(data, monkeypatch)
    decoded = decode(data[2:])
    assert decoded is None or ("granted", exact(("1", "join-room", as_data(decoded[1])))) == (verdict, exact(read))


def test_each_decoder_is_of_a_request_and_is_told_from_the_others_by_its_head() -> None:
    assert DECODERS.keys() <= COMMANDS.keys()
    heads = {f'["{event}"'[:HEAD_CHARS] for event in DECODERS}
    assert len(heads) == len(DECODERS)
    assert {len(head) for head in heads} == {HEAD_CHARS}


class Spelled(BaseModel):
    name: str = Field(validation_alias=AliasChoices("a", "b"))


class Validated(BaseModel):
    name: str

    @model_validator(mode="before")
    @classmethod
    def _any(cls, value: object) -> object:
        return value


@pytest.mark.parametrize(
    "model",
    [Spelled, Validated, Annotated[str, AfterValidator(str)], Literal[True], float, Annotated[str, Field(pattern="x")]],
)
def test_what_a_decoder_would_read_otherwise_makes_none(model: Any) -> None:
    with pytest.raises(TypeError):
        msgspec.json.Decoder(plain(model))
