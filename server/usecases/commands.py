"""The table of requests: event name → what it carries → who answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from server.protocol import requests
from server.protocol.acknowledgements import Granted
from server.usecases import joining, messages, moderation, people, polls, signaling
from server.usecases.connections import Connection
from server.usecases.context import Context

P = TypeVar("P")


Run = Callable[[Context, Connection, P], Granted | Awaitable[Granted]]


class Command(Generic[P]):
    """A request of the protocol. `run(context, connection, payload)` returns what is granted, or an awaitable of it.

    `validate(value)` makes a payload of what a client sent; it raises pydantic's `ValidationError`.
    """

    __slots__ = ("payload", "run", "validate")

    def __init__(self, payload: type[P], run: Run[P]) -> None:
        self.payload = payload
        self.run = run
        # What `validate_python` of an adapter calls, without its handling of options: this runs for each message.
        self.validate: Callable[[object], P] = TypeAdapter(payload).validator.validate_python


def _takes(payload: type[P], run: Run[P]) -> Command[Any]:
    # The table must not lend its `Any` to its rows, or a request with the use case of another passes the type checker.
    return Command(payload, run)


COMMANDS: dict[str, Command[Any]] = {
    "join-room": _takes(requests.JoinRoom, joining.join_room),
    "leave-room": _takes(requests.LeaveRoom, joining.leave_room),
    "send-message": _takes(requests.SendMessage, messages.send_message),
    "edit-message": _takes(requests.EditMessage, messages.edit_message),
    "delete-message": _takes(requests.AboutMessage, messages.delete_message),
    "view-message": _takes(requests.AboutMessage, messages.view_message),
    "react": _takes(requests.React, messages.react),
    "read": _takes(requests.Read, people.read),
    "create-poll": _takes(requests.CreatePoll, polls.create_poll),
    "vote": _takes(requests.Vote, polls.vote),
    "close-poll": _takes(requests.AboutPoll, polls.close_poll),
    "delete-poll": _takes(requests.AboutPoll, polls.delete_poll),
    "offer": _takes(requests.Offer, signaling.offer),
    "answer": _takes(requests.Answer, signaling.answer),
    "ice-candidate": _takes(requests.IceCandidate, signaling.ice_candidate),
    "get-ice-servers": _takes(requests.GetIceServers, signaling.get_ice_servers),
    "call-state": _takes(requests.CallState, signaling.call_state),
    "update-media": _takes(requests.UpdateMedia, messages.update_media),
    "update-self": _takes(requests.UpdateSelf, people.update_self),
    "broadcast": _takes(requests.BroadcastRequest, people.send_aside),
    "typing": _takes(requests.SetTyping, messages.set_typing),
    "knock": _takes(requests.KnockRequest, moderation.knock),
    "answer-knock": _takes(requests.AnswerKnock, moderation.answer_knock),
    "kick": _takes(requests.AboutParticipant, moderation.kick),
    "ban": _takes(requests.AboutParticipant, moderation.ban),
    "update-room": _takes(requests.UpdateRoom, moderation.update_room),
    "pin-message": _takes(requests.PinMessage, moderation.pin_message),
    "transfer-host": _takes(requests.AboutParticipant, moderation.transfer_host),
    "end-room": _takes(requests.EndRoom, moderation.end_room),
}
