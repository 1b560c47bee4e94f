"""What was really sent, held against the models of the published schemas and the schemas themselves."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from server.protocol.answers import ACKS, BRIEF_ACKS
from server.protocol.events import ErrorObject
from server.protocol.refusals import ANY, REFUSALS
from server.schema.components import reference, schemas

CHECKED_BY_SCHEMA = 100
BRIEF_FIELDS = ("roomId", "participantId", "resumeToken", "resumeTtlS")


def fits(model: type[BaseModel], payload: Any) -> None:
    """Fail unless the payload is exactly what the model describes: nothing missing, nothing unknown.

    The published JSON Schema has to agree, on the first payloads of each kind (it is slow).
    """
    again = model.model_validate(payload).model_dump(by_alias=True, exclude_unset=True, mode="json")
    assert again == payload, f"{model.__name__} does not describe all of what was sent"
    _checked[model.__name__] += 1
    if _checked[model.__name__] <= CHECKED_BY_SCHEMA:
        _validator(model).validate(payload)


_checked: Counter[str] = Counter()


@cache
def _validator(model: type[BaseModel]) -> Draft202012Validator:
    return Draft202012Validator({**reference(model), "components": {"schemas": schemas()}})


def check_ack(event: str, ack: Any) -> None:
    """Hold an acknowledgement against the envelope of the protocol."""
    if ack["ok"] is True:
        assert set(ack) == {"ok", "data"}
        brief = event in BRIEF_ACKS and set(ack["data"]) == set(BRIEF_FIELDS)
        fits(BRIEF_ACKS[event] if brief else ACKS[event], ack["data"])
    else:
        assert ack["ok"] is False
        assert set(ack) == {"ok", "error"}
        fits(ErrorObject, ack["error"])
        if event in REFUSALS:
            assert ack["error"]["code"] in (*ANY, *REFUSALS[event]), f"{event}: {ack['error']['code']} is not listed"
