"""JSON Schema (draft 2020-12) of every model on the wire, under one name each."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from server.builds import ROOT
from server.protocol.answers import ACKS, BRIEF_ACKS, ErrorAnswer
from server.protocol.events import EVENTS
from server.schema.ceilings import set_ceilings
from server.schema.operations import OPERATIONS
from server.usecases.commands import COMMANDS

PREFIX = "#/components/schemas/"
RENAMED = {"Code": "ErrorCode"}
CLOSED = {"additionalProperties": False}


class _Generator(GenerateJsonSchema):
    """Without titles that repeat field names, and without `default: null` for what may be left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if found.get("default", ...) is None:
            found = {name: value for name, value in found.items() if name != "default"}
        return found


def models() -> list[type[Any]]:
    """Every model, or typed dictionary, that something in the contract names."""
    named: list[type[Any]] = [command.payload for command in COMMANDS.values()]
    named += [*EVENTS.values(), *ACKS.values(), *BRIEF_ACKS.values(), ErrorAnswer]
    for operation in OPERATIONS:
        named += [model for model in (operation.body, operation.answer) if model is not None]
    return list(dict.fromkeys(named))


@cache
def schemas() -> dict[str, Any]:
    """name → schema, with references as `#/components/schemas/…`."""
    shapes: list[tuple[Any, JsonSchemaMode, CoreSchema]] = [
        (model, "validation", TypeAdapter(model).core_schema) for model in models()
    ]
    _, found = _Generator(ref_template=PREFIX + "{model}").generate_definitions(shapes)
    bodies = {name_of(operation.body) for operation in OPERATIONS if operation.body is not None}
    named = {RENAMED.get(name, name): _without_title(_renamed(schema)) for name, schema in found.items()}
    set_ceilings(named)
    # A body with a field that is not known is refused: `server.protocol.unknown_fields`.
    return {name: schema | CLOSED if name in bodies else schema for name, schema in sorted(named.items())}


def name_of(model: type[Any]) -> str:
    """The name of a model's schema."""
    return RENAMED.get(model.__name__, model.__name__)


def reference(model: type[Any]) -> dict[str, str]:
    """A reference to the schema of a model."""
    return {"$ref": PREFIX + name_of(model)}


def summary(described: object) -> str:
    """What the docstring of a model or a use case says, on one line."""
    return " ".join((described.__doc__ or _written(described)).split())


def _written(described: Any) -> str:
    """The docstring as the source has it: what is compiled has none."""
    for node in _parsed(described.__module__).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == described.__name__:
            return ast.get_docstring(node) or ""
    return ""


@cache
def _parsed(module: str) -> ast.Module:
    return ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text())


def envelope(*data: type[Any]) -> dict[str, Any]:
    """The acknowledgement of a request: granted with data of one of these kinds, or refused."""
    return {"oneOf": [*(_variant(True, "data", reference(one)) for one in data), _variant(False, "error", _ERROR)]}


_ERROR = {"$ref": PREFIX + "ErrorObject"}


def _variant(ok: bool, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    properties = {"ok": {"type": "boolean", "const": ok}, name: schema}
    return {"type": "object", "properties": properties, "required": ["ok", name], "additionalProperties": False}


def _renamed(node: Any) -> Any:
    if isinstance(node, dict):
        # OpenAPI's and AsyncAPI's discriminators differ; the constants say the same.
        return {key: _renamed(value) for key, value in node.items() if key != "discriminator"}
    if isinstance(node, list):
        return [_renamed(value) for value in node]
    if isinstance(node, str) and node.startswith(PREFIX):
        name = node.removeprefix(PREFIX)
        return PREFIX + RENAMED.get(name, name)
    return node


def _without_title(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key != "title"}
    if "description" in kept:
        kept["description"] = " ".join(kept["description"].split())
    return kept


def codes_by_status(codes: Iterable[Any], status_of: Any) -> dict[int, list[str]]:
    """HTTP status → the error codes that come with it, both in order."""
    found: dict[int, list[str]] = {}
    for code in codes:
        found.setdefault(status_of(code), []).append(code.value)
    return dict(sorted(found.items()))
