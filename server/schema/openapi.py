"""`/openapi.json`: the REST surface as OpenAPI 3.1."""

from __future__ import annotations

import re
from typing import Any

from server.protocol.acknowledgements import CODE_INFO
from server.protocol.answers import ErrorAnswer
from server.schema.components import codes_by_status, name_of, reference, schemas, summary
from server.schema.operations import OPERATIONS, Operation, Parameter

CONTRACT_VERSION = "1.0.0"
INFO = {
    "title": "Mayfly",
    "version": CONTRACT_VERSION,
    "description": "Ephemeral chat rooms and WebRTC signaling. The events are in /asyncapi.json.",
    "license": {"name": "MIT", "identifier": "MIT"},
}
FIRST_REFUSAL = 400
KEYS = {
    "hostKey": "The host key that POST /api/rooms answered with.",
    "joinToken": "A join token for the room that says role: host, and has no jti.",
    "apiKey": "One of the server's API_KEYS.",
    "invite": "An invite of the room.",
    "resumeToken": "The resume token of a seat in the room.",
    "adminKey": "The server's ADMIN_KEY.",
}


def openapi() -> dict[str, Any]:
    """The document."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                name: {"type": "http", "scheme": "bearer", "description": text} for name, text in KEYS.items()
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _operation_id(operation),
        "summary": operation.summary,
        "security": [{key: []} for key in operation.keys] + ([{}] if operation.keys_when else []),
        "responses": {str(operation.status): _granted(operation), **_others(operation), **_refusals(operation)},
    }
    parameters = [_path_parameter(name) for name in re.findall(r"{(\w+)}", operation.path)]
    parameters += [_parameter(parameter) for parameter in operation.parameters]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": reference(operation.body)}}
        described["requestBody"] = {"required": "required" in schemas()[name_of(operation.body)], "content": content}
    if operation.takes:
        described["requestBody"] = {"required": False, "content": {operation.takes: {}}}
    return described


def _others(operation: Operation) -> dict[str, Any]:
    refusal = {"content": {"application/json": {"schema": reference(ErrorAnswer)}}}
    return {
        str(status): {"description": text, **(refusal if status >= FIRST_REFUSAL else {})}
        for status, text in operation.also
    }


def _operation_id(operation: Operation) -> str:
    words = re.findall(r"[A-Za-z]+", re.sub(r"^/api(?=/rooms|/admin)", "", operation.path))
    return operation.method + "".join(word[0].upper() + word[1:] for word in words)


def _granted(operation: Operation) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": operation.summary, "content": {operation.text: {}}}
    return {
        "description": summary(operation.answer),
        "content": {"application/json": {"schema": reference(operation.answer)}},
    }


def _refusals(operation: Operation) -> dict[str, Any]:
    found = codes_by_status(operation.refusals, lambda code: CODE_INFO[code].status)
    return {
        str(status): {
            "description": ", ".join(codes),
            "content": {"application/json": {"schema": reference(ErrorAnswer)}},
        }
        for status, codes in found.items()
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    low, high = ("minLength", "maxLength") if parameter.kind == "string" else ("minimum", "maximum")
    schema: dict[str, Any] = {"type": parameter.kind}
    if parameter.least is not None:
        schema[low] = parameter.least
    if parameter.most is not None:
        schema[high] = parameter.most
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": False,
        "description": parameter.description,
        "schema": schema,
    }
