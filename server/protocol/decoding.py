"""The most frequent requests, decoded and checked in one step: msgspec's decoders, made of the models in `requests`.

A decoder takes what is plain. Whatever it refuses is parsed and validated as every other request, which decides, and
has the words for it: so a decoder may refuse what is right, and must not take what is wrong or read it otherwise
(`tests/unit/server/test_decoding.py` holds both to one verdict).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict, is_typeddict

from server.protocol.requests import CandidateInit, IceCandidate, SendMessage

Decoded = tuple[str, Any]
"""Event and payload. Arguments that are still to be checked are a list."""

Decode = Callable[[str], Decoded]

CONSTRAINTS: Final = {MinLen: "min_length", MaxLen: "max_length", Ge: "ge", Le: "le"}


def plain(annotation: Any) -> Any:
    """The type that msgspec is to check in the place of one of pydantic's. Raises `TypeError` where it cannot."""
    origin = get_origin(annotation)
    if origin is Annotated:
        of, *metadata = get_args(annotation)
        return Annotated[plain(of), _meta(metadata)]
    if origin in (Union, UnionType):
        return Union[tuple(_plain_ones(annotation))]  # noqa: UP007 - made at run time
    if origin is Literal and all(isinstance(one, str) for one in get_args(annotation)):
        return annotation
    if origin in (Required, NotRequired):
        return plain(get_args(annotation)[0])
    if is_typeddict(annotation):
        return _dictionary(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _struct(annotation)
    if annotation in (str, int, bool, NoneType):
        return annotation
    raise TypeError(f"{annotation} is not plain")


def _plain_ones(union: Any) -> Iterator[Any]:
    """The alternatives that are plain: the decoder refuses the others."""
    for one in get_args(union):
        with suppress(TypeError):
            yield plain(one)


def _meta(metadata: Iterable[Any]) -> msgspec.Meta:
    found: dict[str, Any] = {}
    for one in metadata:
        for constraint in one.metadata if isinstance(one, FieldInfo) else (one,):
            name = CONSTRAINTS.get(type(constraint))
            if name is None:
                raise TypeError(f"{constraint} is not plain")
            found[name] = getattr(constraint, name)
    return msgspec.Meta(**found)


def _dictionary(of: Any) -> Any:
    fields = {}
    for name, hint in get_type_hints(of, include_extras=True).items():
        # Not `__required_keys__`, which knows nothing of annotations that are written as strings.
        needed = get_origin(hint) is Required or (of.__total__ and get_origin(hint) is not NotRequired)
        fields[name] = plain(hint) if needed else NotRequired[plain(hint)]
    return TypedDict(of.__name__, fields)  # type: ignore[operator]


def _struct(model: type[BaseModel]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        if field.validation_alias not in (None, field.alias):
            raise TypeError(f"{name} has spellings of its own")
        kind = plain(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)
        fields.append((name, kind) if field.is_required() else (name, kind, field.default))
    if model.__pydantic_decorators__.model_validators or model.__pydantic_decorators__.field_validators:
        raise TypeError(f"{model.__name__} has validators")
    return msgspec.defstruct(model.__name__, fields, rename="camel", kw_only=True, gc=False)


CANDIDATE_FIELDS: Final = tuple(CandidateInit.__annotations__)
_IN_ORDER: Final = frozenset(
    fields for size in range(len(CANDIDATE_FIELDS) + 1) for fields in combinations(CANDIDATE_FIELDS, size)
)


def _decoder(event: str, model: Any) -> Decode:
    return msgspec.json.Decoder(tuple[Literal[event], plain(model)]).decode  # type: ignore[valid-type,misc]


def _candidates(event: str) -> Decode:
    """A candidate is passed on as it was read, and its fields in the order of the model, as pydantic gives them."""
    decode = _decoder(event, IceCandidate)

    def decode_in_order(text: str) -> Decoded:
        found = decode(text)
        candidate = found[1].candidate
        if candidate is not None and tuple(candidate) not in _IN_ORDER:
            raise msgspec.ValidationError
        return found

    return decode_in_order


DECODERS: Final[dict[str, Decode]] = {
    "send-message": _decoder("send-message", SendMessage),
    "ice-candidate": _candidates("ice-candidate"),
}
"""Event → its decoder. Models with validators or spellings of their own cannot be here."""

HEAD_CHARS: Final = 8
"""By so many characters of a packet its decoder is found, which then looks at the whole name."""

_BY_HEAD: Final = {f'["{event}"'[:HEAD_CHARS]: decoder for event, decoder in DECODERS.items()}


def decode(text: str) -> Decoded | None:
    """A hot request, given as the JSON array of an EVENT packet. None: read it the long way."""
    decoder = _BY_HEAD.get(text[:HEAD_CHARS])
    if decoder is None:
        return None
    try:
        return decoder(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
