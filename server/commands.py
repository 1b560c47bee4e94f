"""The table of requests: event name → what it carries → who answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import TypeAdapter

from server import payloads
from server.replies import Granted
from server.usecases import chat, coming, hosting, signals


class Command:
    """A request of the protocol. `run(context, connection, payload)` returns what is granted, or awaits to it.

    `validate(value)` makes a payload of what a client sent; it raises pydantic's `ValidationError`.
    """

    __slots__ = ("payload", "run", "validate")

    def __init__(self, payload: type[Any], run: Callable[[Any, Any, Any], Granted | Awaitable[Granted]]) -> None:
        self.payload = payload
        self.run = run
        # What `validate_python` of an adapter calls, without its handling of options: this runs for each message.
        self.validate: Callable[[object], Any] = TypeAdapter(payload).validator.validate_python


COMMANDS: dict[str, Command] = {
    "join-room": Command(payloads.JoinRoom, coming.join_room),
    "leave-room": Command(payloads.LeaveRoom, coming.leave_room),
    "send-message": Command(payloads.SendMessage, chat.send_message),
    "offer": Command(payloads.Offer, signals.offer),
    "answer": Command(payloads.Answer, signals.answer),
    "ice-candidate": Command(payloads.IceCandidate, signals.ice_candidate),
    "get-ice-servers": Command(payloads.GetIceServers, signals.get_ice_servers),
    "call-state": Command(payloads.CallState, signals.call_state),
    "update-media": Command(payloads.UpdateMedia, chat.update_media),
    "typing": Command(payloads.SetTyping, chat.set_typing),
    "knock": Command(payloads.KnockRequest, hosting.knock),
    "answer-knock": Command(payloads.AnswerKnock, hosting.answer_knock),
    "kick": Command(payloads.AboutParticipant, hosting.kick),
    "ban": Command(payloads.AboutParticipant, hosting.ban),
    "update-room": Command(payloads.UpdateRoom, hosting.update_room),
    "transfer-host": Command(payloads.AboutParticipant, hosting.transfer_host),
    "end-room": Command(payloads.EndRoom, hosting.end_room),
}
