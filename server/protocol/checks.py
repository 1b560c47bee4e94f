"""Whether what a client sent is what it should be: by its model, and by what no model can say."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from rooms.errors import Code, Refused
from rooms.limits import (
    MAX_MESSAGE_CHARS,
    MAX_OPTION_CHARS,
    MAX_QUESTION_CHARS,
)
from server.protocol.requests import OTHER_SPELLINGS, CreatePoll, Payload

MAX_DETAILS = 8
"""How many refused fields an error names."""


def check_length(text: str) -> None:
    """Refuse a text that is not sealed and longer than one may be."""
    if len(text) > MAX_MESSAGE_CHARS:
        reason = f"String should have at most {MAX_MESSAGE_CHARS} characters"
        raise Refused(Code.INVALID_PAYLOAD, details={"text": reason})


def check_said(text: str, *, carries: bool, encrypted: bool) -> None:
    """Refuse a text that is empty where the message carries nothing else, or too long where it is not sealed."""
    if not text and not carries:
        raise Refused(Code.INVALID_PAYLOAD, details={"text": "String should have at least 1 character"})
    if not encrypted:
        check_length(text)


def check_poll(request: CreatePoll) -> None:
    """Refuse texts of a poll that are not sealed and longer than one may be."""
    if request.encrypted:
        return
    details = {}
    if len(request.question) > MAX_QUESTION_CHARS:
        details["question"] = f"String should have at most {MAX_QUESTION_CHARS} characters"
    if any(len(option) > MAX_OPTION_CHARS for option in request.options):
        details["options"] = f"Strings should have at most {MAX_OPTION_CHARS} characters"
    if details:
        raise Refused(Code.INVALID_PAYLOAD, details=details)


P = TypeVar("P", bound=Payload)


def parse(model: type[P], value: object) -> P:
    """Check what a client sent. Raises `Refused` INVALID_PAYLOAD with field → reason, never the value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise not_of_the_shape(value, error) from None


def not_of_the_shape(value: object, error: ValidationError) -> Refused:
    """The refusal of something that a client sent and a model did not take."""
    if not isinstance(value, dict):
        return Refused(Code.INVALID_PAYLOAD, "A request carries one JSON object.")
    return Refused(Code.INVALID_PAYLOAD, details=_reasons(error))


def _reasons(error: ValidationError) -> dict[str, str]:
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MAX_DETAILS]
    return {_field(e["loc"]): e["msg"].removeprefix("Value error, ") for e in found}


def _field(place: tuple[int | str, ...]) -> str:
    first, *rest = map(str, place or ("",))
    return ".".join((OTHER_SPELLINGS.get(first, first), *rest))
