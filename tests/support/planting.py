"""Values that fit a JSON Schema, with a word planted in one place after the other: whatever somebody may send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.schema.components import PREFIX, schemas

WORD = "xyzzyplugh"
SDP = "v=0\r\ns="


@dataclass
class Planter:
    """`real`: name of a field → what stands there where the word does not, so that a request gets as far as it can."""

    real: Mapping[str, Any] = field(default_factory=dict)

    def sample(self, schema: dict[str, Any]) -> Any:
        """A value that fits, with every field."""
        schema = plain(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        match schema.get("type"):
            case "string":
                return SDP if "pattern" in schema else "x" * max(1, schema.get("minLength", 1))
            case "object":
                return {name: self._field(name, one) for name, one in schema.get("properties", {}).items()}
            case "array":
                return (
                    [f"{number}" for number in range(2)]
                    if schema.get("minItems", 0) > 1
                    else [self.sample(schema["items"])]
                )
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
        return {"x": "x"}

    def _field(self, name: str, schema: dict[str, Any]) -> Any:
        return self.real[name] if name in self.real else self.sample(schema)

    def planted(self, schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
        """(where, value): the word in each place of a value that fits, also where no word belongs, and as a name."""
        schema = plain(schema)
        whole = self.sample(schema)
        match schema.get("type"):
            case "string" if "pattern" in schema:
                yield path, SDP + WORD
            case "object":
                yield f"{path}.?", {**whole, WORD: WORD}
                for name, one in schema.get("properties", {}).items():
                    for where, value in self.planted(one, f"{path}.{name}"):
                        yield where, {**whole, name: value}
                        # Alone, too: what two fields may not say together ends at the first rule.
                        yield where, {**required(schema, whole), name: value}
            case "array":
                for where, value in self.planted(schema["items"], f"{path}[]"):
                    yield where, [value]
                    yield where, [value, f"{value}2"] if isinstance(value, str) else [value]
            case None if "enum" not in schema and "const" not in schema:
                yield path, {WORD: [WORD]}
            case _:
                yield path, WORD


def plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without references, and of alternatives the first that is not null."""
    while True:
        if "$ref" in schema:
            schema = schemas()[schema["$ref"].removeprefix(PREFIX)]
        elif "anyOf" in schema and "properties" not in schema:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        else:
            return schema


def required(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """Of a whole value, what it must have."""
    return {name: value for name, value in whole.items() if name in schema.get("required", [])}
