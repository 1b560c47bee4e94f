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
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict, is_typeddict

from server.protocol.fields import WHOLE, clean_name
from server.protocol.requests import ByRoom, CandidateInit, IceCandidate, JoinRoom, SendMessage

Decoded = tuple[str, Any]
"""Event and payload. Arguments that are still to be checked are a list."""

Decode = Callable[[str], Decoded]

CONSTRAINTS: Final = {MinLen: "min_length", MaxLen: "max_length", Ge: "ge", Le: "le"}


SeenTo = frozenset[object]
"""Functions of pydantic's validators that a type is made without: whoever decodes has to see to what they do."""

NONE: Final[SeenTo] = frozenset()


def plain(annotation: Any, seen_to: SeenTo = NONE) -> Any:
    """The type that msgspec is to check in the place of one of pydantic's. Raises `TypeError` where it cannot."""
    origin = get_origin(annotation)
    if origin is Annotated:
        of, *metadata = get_args(annotation)
        return Annotated[plain(of, seen_to), _meta(metadata, seen_to)]
    if origin in (Union, UnionType):
        return Union[tuple(_plain_ones(annotation, seen_to))]  # noqa: UP007 - made at run time
    if origin is Literal and all(isinstance(one, str) for one in get_args(annotation)):
        return annotation
    if origin in (Required, NotRequired):
        return plain(get_args(annotation)[0], seen_to)
    if is_typeddict(annotation):
        return _dictionary(annotation, seen_to)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _struct(annotation, seen_to)
    if annotation in (str, int, bool, NoneType):
        return annotation
    raise TypeError(f"{annotation} is not plain")


def _plain_ones(union: Any, seen_to: SeenTo) -> Iterator[Any]:
    """The alternatives that are plain: the decoder refuses the others."""
    for one in get_args(union):
        with suppress(TypeError):
            yield plain(one, seen_to)


def _meta(metadata: Iterable[Any], seen_to: SeenTo) -> msgspec.Meta:
    found: dict[str, Any] = {}
    for one in metadata:
        for constraint in one.metadata if isinstance(one, FieldInfo) else (one,):
            # Who writes 8 as 8.0 goes the long way.
            if constraint is WHOLE or getattr(constraint, "func", None) in seen_to:
                continue
            name = CONSTRAINTS.get(type(constraint))
            if name is None:
                raise TypeError(f"{constraint} is not plain")
            found[name] = getattr(constraint, name)
    return msgspec.Meta(**found)


def _dictionary(of: Any, seen_to: SeenTo) -> Any:
    fields = {}
    for name, hint in get_type_hints(of, include_extras=True).items():
        # Not `__required_keys__`, which knows nothing of annotations that are written as strings.
        needed = get_origin(hint) is Required or (of.__total__ and get_origin(hint) is not NotRequired)
        kind = plain(hint, seen_to)
        fields[name] = kind if needed else NotRequired[kind]
    return TypedDict(of.__name__, fields)  # type: ignore[operator]


def _struct(model: type[BaseModel], seen_to: SeenTo) -> type[msgspec.Struct]:
    fields: list[Any] = []
    spelled = False
    for name, field in model.model_fields.items():
        if field.validation_alias not in (None, field.alias):
            if AliasChoices not in seen_to:
                raise TypeError(f"{name} has spellings of its own")
            spelled = True
        kind = plain(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation, seen_to)
        fields.append((name, kind) if field.is_required() else (name, kind, field.default))
    validators = model.__pydantic_decorators__
    before: Any = validators.model_validators.values()
    if validators.field_validators or any(one.func.__func__ not in seen_to for one in before):
        raise TypeError(f"{model.__name__} has validators")
    # A field that is unknown here may be another spelling of one.
    return msgspec.defstruct(
        model.__name__, fields, rename="camel", kw_only=True, gc=False, forbid_unknown_fields=spelled
    )


CANDIDATE_FIELDS: Final = tuple(CandidateInit.__annotations__)
_IN_ORDER: Final = frozenset(
    fields for size in range(len(CANDIDATE_FIELDS) + 1) for fields in combinations(CANDIDATE_FIELDS, size)
)


def _decoder(event: str, model: Any, seen_to: SeenTo = NONE) -> Decode:
    return msgspec.json.Decoder(tuple[Literal[event], plain(model, seen_to)]).decode  # type: ignore[valid-type,misc]


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


def _joins(event: str) -> Decode:
    """A join by an object, whose name is spelled `name` and is clean already."""
    decode = _decoder(event, JoinRoom, frozenset({AliasChoices, clean_name, cast(Any, ByRoom._bare).__func__}))

    def decode_clean(text: str) -> Decoded:
        found = decode(text)
        name = found[1].name
        if name is not None and clean_name(name) != name:
            raise msgspec.ValidationError
        return found

    return decode_clean


DECODERS: Final[dict[str, Decode]] = {
    "send-message": _decoder("send-message", SendMessage),
    "ice-candidate": _candidates("ice-candidate"),
    "join-room": _joins("join-room"),
}
"""Event → its decoder. Of a model with validators or spellings of its own, the decoder has to see to them."""

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
