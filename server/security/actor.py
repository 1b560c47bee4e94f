"""Who asks: one thing, made once at the edge, that use cases and routes ask in place of deciding by themselves.

Over a socket an actor has a seat. Over REST it has what its bearer secret proves about the room that the path names:
the host key, a resume token, a join token that makes its bearer the host, one of the operator's API keys, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rooms import moderation
from rooms.errors import Code, Refused
from rooms.model import Seat
from rooms.rights import MUTE, NO_INVITES, require_invite
from rooms.room import Room
from server.security.claims import Claims
from server.security.quotas import Keys


@dataclass(frozen=True, slots=True)
class Actor:
    """What somebody has proved.

    `payer` is what quotas count it under, empty where they do not. `showed`: there was a secret, whatever it was worth;
    `refusal`: what is wrong with a join token that was shown.
    """

    address: str
    payer: Keys = ()
    room: Room | None = field(default=None, repr=False)
    seat: Seat | None = field(default=None, repr=False)
    over_socket: bool = False
    """Whether it holds that seat, rather than showing its resume token."""
    site: str | None = None
    """The name of its API key."""
    has_host_key: bool = False
    has_admin_key: bool = False
    identity: Claims | None = None
    """What a join token for the room says of it."""
    showed: bool = False
    refusal: Refused | None = field(default=None, repr=False)

    @property
    def is_stranger(self) -> bool:
        """Whether it showed a secret that proves nothing: a guess."""
        proved = (self.seat, self.site, self.identity, self.has_host_key or None, self.has_admin_key or None)
        return self.showed and not any(one is not None for one in proved)

    @property
    def is_owner(self) -> bool:
        """Whether it may do what the host key may."""
        return self.has_host_key or (self.identity is not None and self.identity.is_host)

    def as_host(self) -> tuple[Room, Seat]:
        """The room and the seat of its host; else FORBIDDEN."""
        room, seat = self.in_room(), self.seat
        if seat is None:
            raise Refused(Code.FORBIDDEN, "Only the host may do this.")
        moderation.require_host(seat)
        return room, seat

    def as_owner(self) -> Room:
        """The room, for whoever has its host key; else UNAUTHORIZED or FORBIDDEN."""
        if not self.is_owner:
            raise self._refused(
                "Send the room's host key as a bearer token.",
                "This is not the room's host key.",
            )
        return self.in_room()

    def as_keeper(self) -> Room:
        """The room, for whoever may change it: its owner over REST, or its host over a socket."""
        return self.as_host()[0] if self.over_socket else self.as_owner()

    def as_inviter(self) -> Room:
        """The room, for whoever may let others in."""
        room = self.as_keeper()
        if self.over_socket and self.seat is not None:
            require_invite(self.seat)
        elif self.identity is not None and not self.identity.can_invite:
            raise Refused(Code.FORBIDDEN, NO_INVITES)
        return room

    def as_ender(self) -> Room:
        """The room, for whoever may change it, or made it with its API key."""
        if self.site is None:
            return self.as_keeper()
        if self.in_room().made_by != self.site:
            raise Refused(Code.FORBIDDEN, "This API key did not make the room.")
        return self.in_room()

    def as_reader(self) -> Seat | None:
        """With whose eyes it reads the room: a seat's, or None for its owner's. Else UNAUTHORIZED or FORBIDDEN."""
        if self.seat is None and not self.is_owner:
            raise self._refused(
                "Send the host key or your resume token as a bearer token.",
                "This is neither the host key nor a resume token of this room.",
            )
        return self.seat

    def as_speaker(self) -> tuple[Room, Seat | None]:
        """The room and the seat that says something, None for its owner; else UNAUTHORIZED or FORBIDDEN."""
        seat = self.as_reader()
        if seat is None and self.identity is not None and not self.identity.can_speak:
            raise Refused(Code.FORBIDDEN, MUTE)
        return self.in_room(), seat

    def in_room(self) -> Room:
        """The room that it asks about."""
        if self.room is None:
            raise Refused(Code.ROOM_NOT_FOUND, "There is no such room.")
        return self.room

    def as_site(self) -> str:
        """The name of its API key; else UNAUTHORIZED or FORBIDDEN."""
        if self.site is None:
            raise self._refused("This needs an API key, as a bearer token.", "This is not an API key.")
        return self.site

    def as_admin(self) -> None:
        """For the operator; else UNAUTHORIZED or FORBIDDEN."""
        if not self.has_admin_key:
            raise self._refused("Send the admin key as a bearer token.", "This is not the admin key.")

    def _refused(self, nothing: str, wrong: str) -> Refused:
        if self.refusal is not None:
            return self.refusal
        return Refused(Code.FORBIDDEN, wrong) if self.showed else Refused(Code.UNAUTHORIZED, nothing)
