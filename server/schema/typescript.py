"""`/events.d.ts`: the events as TypeScript, for `Socket<ServerToClientEvents, ClientToServerEvents>`."""

from __future__ import annotations

import json
from typing import Any

from server.protocol.answers import ACKS
from server.protocol.events import EVENTS, WITH_OFFSET
from server.protocol.requests import ByRoom
from server.schema.components import PREFIX, name_of, schemas, summary
from server.usecases.commands import COMMANDS

HEAD = """\
// Mayfly's events, generated from the server's payload models. Do not edit.
//
//   import { io, type Socket } from "socket.io-client";
//   import type { ClientToServerEvents, ServerToClientEvents } from "./events";
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(url);

import type {} from "socket.io-client";
"""
ACK = """\
/** How every request is acknowledged, exactly once. */
export type Ack<Data> = { ok: true; data: Data } | { ok: false; error: ErrorObject };
"""
EMIT = """\
declare module "socket.io-client" {
  // `emit` of a `Socket<ServerToClientEvents, ClientToServerEvents>` takes a request without an acknowledgement, too.
  interface Socket<ListenEvents, EmitEvents> {
    emit<Ev extends keyof EmitEvents & string>(
      event: Ev,
      request: EmitEvents[Ev] extends (request: infer Request, acknowledge: any) => void ? Request : never,
    ): this;
  }
}
"""
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript() -> str:
    """The declarations."""
    parts = [HEAD]
    parts += [declaration(name, schema) for name, schema in schemas().items()]
    parts += [ACK, _client_to_server(), _server_to_client(), EMIT]
    return "\n".join(parts)


def declaration(name: str, schema: dict[str, Any]) -> str:
    """One type, exported."""
    head = _comment(schema.get("description", ""))
    if "properties" not in schema and schema.get("type") != "object":
        return f"{head}export type {name} = {_type(schema)};\n"
    required = set(schema.get("required", []))
    fields = [_field(field, inner, field in required) for field, inner in schema.get("properties", {}).items()]
    if not fields:
        return f"{head}export type {name} = Record<string, never>;\n"
    return f"{head}export interface {name} {{\n{''.join(fields)}}}\n"


def _field(name: str, schema: dict[str, Any], required: bool) -> str:
    bounds = bounds_of(schema)
    return f"{_comment(bounds, '  ')}  {name}{'' if required else '?'}: {_type(schema)};\n"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(PREFIX)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(_type(one) for one in schema[union])
    if schema.get("type") == "array":
        inner = _type(schema["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if schema.get("type") == "object":
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    if "type" not in schema:
        return "unknown"  # any JSON
    return PLAIN[schema["type"]]


def bounds_of(schema: dict[str, Any]) -> str:
    """What a schema says of sizes, in words: `1 to 64 characters`, `at least 0`; empty where it says nothing."""
    plain = next((one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"), schema)
    if "format" in plain:
        return "ISO 8601, UTC, with milliseconds"
    low, high, unit = plain.get("minLength"), plain.get("maxLength"), " characters"
    if low is None and high is None:
        low, high, unit = plain.get("minimum"), plain.get("maximum"), ""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}{unit}" if high < 1_000_000 else f"{low} to {high}{unit}"
    if high is not None:
        return f"at most {high:d}{unit}"
    return f"at least {low:g}{unit}" if low is not None else ""


def _client_to_server() -> str:
    lines = []
    for event, command in COMMANDS.items():
        acknowledge = f"(ack: Ack<{name_of(ACKS[event])}>) => void"
        request = name_of(command.payload) + (" | string" if issubclass(command.payload, ByRoom) else "")
        signature = f"(request: {request}, acknowledge: {acknowledge}) => void"
        lines.append(f'{_comment(summary(command.run), "  ")}  "{event}": {signature};\n')
    head = _comment("Requests. Each is acknowledged exactly once, where it asks to be.")
    return f"{head}export interface ClientToServerEvents {{\n{''.join(lines)}}}\n"


def _server_to_client() -> str:
    lines = []
    for event, model in EVENTS.items():
        offset = ", offset?: string" if event in WITH_OFFSET else ""
        signature = f"(payload: {name_of(model)}{offset}) => void"
        lines.append(f'{_comment(summary(model), "  ")}  "{event}": {signature};\n')
    head = _comment("What the server tells.")
    return f"{head}export interface ServerToClientEvents {{\n{''.join(lines)}}}\n"


def _comment(text: str, indent: str = "") -> str:
    return f"{indent}/** {text} */\n" if text else ""
