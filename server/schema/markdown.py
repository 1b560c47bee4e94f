"""The tables of README, `docs/protocol.md`, `docs/limits.md` and `docs/metrics.md`, between marks in their text.

What the code says cannot be told otherwise there. The environment is told in the words of `.env.example`, with the
defaults of the settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from rooms.errors import Code
from server.observability.families import LABELS, REASONS, families
from server.protocol.acknowledgements import CODE_INFO
from server.protocol.answers import ACKS, BRIEF_ACKS, Empty
from server.protocol.events import DURABLE, EVENTS
from server.protocol.refusals import ANY, REFUSALS
from server.schema import bounds
from server.schema.components import PREFIX, name_of, schemas, summary
from server.schema.operations import OPERATIONS
from server.schema.typescript import bounds_of, declaration
from server.settings import Settings
from server.usecases.commands import COMMANDS

BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- /table -->)", re.DOTALL)
SHAPES = (
    "Participant",
    "OtherParticipant",
    "Media",
    "Room",
    "Reaction",
    "Poll",
    "IceServer",
    "Limits",
    "ErrorObject",
)
USUAL = ({"minLength": 1, "maxLength": 64}, {"minLength": 1, "maxLength": 256})
"""Bounds of ids and of secrets, which the page states once."""

INLINE_FIELDS = 4
HOST_ONLY = frozenset({"answer-knock", "kick", "ban", "update-room", "pin-message", "transfer-host", "end-room"})
ENVIRONMENT = Path(__file__).resolve().parents[2] / ".env.example"


def filled(page: str) -> str:
    """The page with every table as the code has it. Raises `KeyError` for a mark without a table."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", page)


def _requests() -> str:
    rows = [
        (
            f"`{event}`" + (" (host)" if event in HOST_ONLY else ""),
            _fields(command.payload),
            _answer(ACKS[event]) + (f"; or {_answer(BRIEF_ACKS[event])}" if event in BRIEF_ACKS else ""),
            summary(command.run),
        )
        for event, command in COMMANDS.items()
    ]
    return _table(("event", "fields", "ack data", "does"), rows)


def _events() -> str:
    rows = [
        (f"`{event}`", _fields(model), "yes" if event in DURABLE else "", summary(model))
        for event, model in EVENTS.items()
    ]
    return _table(("event", "payload", "durable", "says"), rows)


def _shapes() -> str:
    return "```ts\n" + "\n".join(declaration(name, schemas()[name]) for name in SHAPES) + "```\n"


def _rest() -> str:
    rows = []
    for one in OPERATIONS:
        keys = " or ".join(f"`{key}`" for key in one.keys) + (f" ({one.keys_when})" if one.keys_when else "")
        body = _fields(one.body) if one.body is not None else "the file" if one.takes else ""
        body += "".join(f"; {p.place} `{p.name}`" for p in one.parameters)
        answer = f"{one.status} {_answer(one.answer)}" if one.answer is not None else f"{one.status} {one.text}"
        rows.append((f"`{one.method.upper()} {one.path}`", keys, body.removeprefix("; "), answer, one.summary))
    return _table(("call", "bearer token", "body", "answer", "does"), rows)


def _errors() -> str:
    rows = []
    for code in Code:
        status = "–" if code is Code.UNKNOWN_EVENT else str(CODE_INFO[code].status)
        rows.append((f"`{code}`", status, "yes" if CODE_INFO[code].retryable else "no", CODE_INFO[code].message))
    return _table(("code", "HTTP", "retry?", "message, unless there is a better one"), rows)


def _refusals() -> str:
    rows = [("any", _listed(ANY))] + [(f"`{event}`", _listed(codes)) for event, codes in REFUSALS.items()]
    return _table(("request", "is refused with"), rows)


def _listed(codes: Sequence[Code]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _answer(model: type[BaseModel]) -> str:
    if model is Empty:
        return "`{}`"
    event = next((name for name, sent in EVENTS.items() if sent is model), None)
    if event is not None:
        return f"as `{event}`"
    name = name_of(model)
    return f"`{name}`" if name in SHAPES else f"`{name}`: {_fields(model)}"


def _fields(model: type[BaseModel]) -> str:
    schema = schemas()[name_of(model)]
    required = schema.get("required", [])
    fields = sorted(schema.get("properties", {}).items(), key=lambda field: field[0] != "roomId")
    return ", ".join(_field(name, inner, name in required) for name, inner in fields)


def _field(name: str, schema: dict[str, Any], required: bool) -> str:
    nullable = any(one.get("type") == "null" for one in schema.get("anyOf", []))
    shape = _shape(schema)
    text = f"`{name}{'' if required else '?'}{f': {shape}' if shape else ''}`"
    bounds = "" if _usual(schema) or "format" in str(schema) else bounds_of(schema)
    notes = [bounds] if bounds else []
    if nullable and required:
        notes.append("or null")
    return text + (f" ({', '.join(notes)})" if notes and bounds != "at least 0" and bounds != "at least 1" else "")


def _usual(schema: dict[str, Any]) -> bool:
    plain = next((one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"), schema)
    return {key: value for key, value in plain.items() if key in ("minLength", "maxLength")} in USUAL


def _shape(schema: dict[str, Any]) -> str:
    plain = next((one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"), schema)
    if "enum" in plain:
        return " | ".join(f'"{value}"' for value in plain["enum"])
    if plain.get("type") == "array":
        items = plain["items"]
        word = "number" if items.get("type") in ("integer", "number") else "string"
        return f"[{_shape(items) or word}]" if "oneOf" not in items else "[{event, payload}]"
    if "$ref" not in plain:
        return ""
    name = str(plain["$ref"]).removeprefix(PREFIX)
    fields = schemas()[name].get("properties", {})
    required = schemas()[name].get("required", [])
    if not fields or len(fields) > INLINE_FIELDS:
        return name
    return "{" + ", ".join(f"{field}{'' if field in required else '?'}" for field in fields) + "}"


def _environment() -> str:
    rows = []
    explained = ""
    names: list[str] = []
    for line in [*ENVIRONMENT.read_text().splitlines(), ""]:
        if line.startswith("#"):
            if names:
                rows.append(_variable(names, explained))
                explained, names = "", []
            explained = f"{explained} {line.removeprefix('#').strip()}".strip()
        elif line:
            names.append(line.partition("=")[0])
        elif names:
            rows.append(_variable(names, explained))
            explained, names = "", []
        else:
            explained = ""
    return _table(("variable", "default", "meaning"), rows)


def _variable(names: list[str], explained: str) -> tuple[str, ...]:
    defaults = (_default(Settings.model_fields[name.lower()].default) for name in names)
    return ", ".join(f"`{name}`" for name in names), ", ".join(defaults), explained.replace("*", "\\*")


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None:
        return "empty"
    text = ",".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{text}`" if text else "empty"


def _metrics() -> str:
    rows = [
        (f"`{one.shown}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.says) for one in families()
    ]
    return _table(("metric", "kind", "labels", "says"), rows)


def _labels() -> str:
    reasons = [(f"`reason` of `{name}_total`", values) for name, values in REASONS.items()]
    return _table(("label", "values"), [*((f"`{label}`", values) for label, values in LABELS.items()), *reasons])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


TABLES: dict[str, Callable[[], str]] = {
    "bounds": bounds.table,
    "requests": _requests,
    "events": _events,
    "shapes": _shapes,
    "rest": _rest,
    "errors": _errors,
    "refusals": _refusals,
    "environment": _environment,
    "metrics": _metrics,
    "labels": _labels,
}
