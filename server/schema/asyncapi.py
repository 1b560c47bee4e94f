"""`/asyncapi.json`: the Socket.IO events as AsyncAPI 3.0.

Operations are the server's: it receives requests, and replies with an acknowledgement, and it sends events.
"""

from __future__ import annotations

from typing import Any

from server.protocol.answers import ACKS, BRIEF_ACKS
from server.protocol.events import EVENTS, WITH_OFFSET
from server.protocol.requests import ByRoom
from server.schema.components import envelope, reference, schemas, summary
from server.schema.openapi import INFO
from server.usecases.commands import COMMANDS

CHANNEL = "socket"


def asyncapi() -> dict[str, Any]:
    """The document."""
    messages = {**_requests(), **_acknowledgements(), **_events()}
    names = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": INFO["title"],
            "version": INFO["version"],
            "description": "Events over Socket.IO 5 (Engine.IO 4), in the default namespace.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "localhost:3001", "pathname": "/socket.io/", "protocol": "ws"}},
        "channels": {CHANNEL: {"address": "/", "title": "The default namespace", "messages": names}},
        "operations": {**_receiving(), **_sending()},
        "components": {"schemas": schemas(), "messages": messages},
    }


def _requests() -> dict[str, Any]:
    return {
        event: {"name": event, "summary": summary(command.run), "payload": _payload(command.payload)}
        for event, command in COMMANDS.items()
    }


def _payload(model: type[Any]) -> dict[str, Any]:
    if not issubclass(model, ByRoom):
        return reference(model)
    return {"oneOf": [reference(model), {"type": "string", "description": "The room's id alone."}]}


def _acknowledgements() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event, data in ACKS.items():
        kinds = [data, BRIEF_ACKS[event]] if event in BRIEF_ACKS else [data]
        summary_of_it = f"The acknowledgement of {event}."
        found[f"{event}.ack"] = {"name": event, "summary": summary_of_it, "payload": envelope(*kinds)}
    return found


def _events() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event, model in EVENTS.items():
        found[event] = {"name": event, "summary": summary(model), "payload": reference(model)}
        if event in WITH_OFFSET:
            found[event]["description"] = "Carries a string offset as a second argument, for state recovery."
    return found


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{name}"}


def _receiving() -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{CHANNEL}"}
    return {
        f"receive.{event}": {
            "action": "receive",
            "channel": channel,
            "messages": [_message(event)],
            "reply": {"channel": channel, "messages": [_message(f"{event}.ack")]},
        }
        for event in COMMANDS
    }


def _sending() -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{CHANNEL}"}
    return {f"send.{event}": {"action": "send", "channel": channel, "messages": [_message(event)]} for event in EVENTS}
