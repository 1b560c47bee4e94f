"""The table of requests: event name → what it carries → who answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import TypeAdapter

from server.protocol import requests
from server.protocol.acknowledgements import Granted
from server.usecases import joining, messages, moderation, people, polls, signaling


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
    "join-room": Command(requests.JoinRoom, joining.join_room),
    "leave-room": Command(requests.LeaveRoom, joining.leave_room),
    "send-message": Command(requests.SendMessage, messages.send_message),
    "edit-message": Command(requests.EditMessage, messages.edit_message),
    "delete-message": Command(requests.AboutMessage, messages.delete_message),
    "view-message": Command(requests.AboutMessage, messages.view_message),
    "react": Command(requests.React, messages.react),
    "read": Command(requests.Read, people.read),
    "create-poll": Command(requests.CreatePoll, polls.create_poll),
    "vote": Command(requests.Vote, polls.vote),
    "close-poll": Command(requests.AboutPoll, polls.close_poll),
    "delete-poll": Command(requests.AboutPoll, polls.delete_poll),
    "offer": Command(requests.Offer, signaling.offer),
    "answer": Command(requests.Answer, signaling.answer),
    "ice-candidate": Command(requests.IceCandidate, signaling.ice_candidate),
    "get-ice-servers": Command(requests.GetIceServers, signaling.get_ice_servers),
    "call-state": Command(requests.CallState, signaling.call_state),
    "update-media": Command(requests.UpdateMedia, messages.update_media),
    "update-self": Command(requests.UpdateSelf, people.update_self),
    "broadcast": Command(requests.BroadcastRequest, people.send_aside),
    "typing": Command(requests.SetTyping, messages.set_typing),
    "knock": Command(requests.KnockRequest, moderation.knock),
    "answer-knock": Command(requests.AnswerKnock, moderation.answer_knock),
    "kick": Command(requests.AboutParticipant, moderation.kick),
    "ban": Command(requests.AboutParticipant, moderation.ban),
    "update-room": Command(requests.UpdateRoom, moderation.update_room),
    "pin-message": Command(requests.PinMessage, moderation.pin_message),
    "transfer-host": Command(requests.AboutParticipant, moderation.transfer_host),
    "end-room": Command(requests.EndRoom, moderation.end_room),
}
