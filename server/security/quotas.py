"""What one network address may have at once, and what the process may: so that nobody takes it all.

An IPv4 address is counted by itself, an IPv6 one by its /64 and again by its /48: who has one has both. Whoever is
`exempt` (a holder of an API key) is not counted. Nothing here is looked at for a message: only where connections, rooms
and seats come and go.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from operator import itemgetter

from rooms.errors import Code, Refused
from server.security.addresses import client_address

log = logging.getLogger(__name__)

SITE_BITS = 48
"""What one subscriber of IPv6 is usually given (RFC 6177), and can make 65,536 times /64 of."""

RETRY_MS = 5_000
SHARED_SPACE = IPv4Network("100.64.0.0/10")
"""Between a provider and its customers (RFC 6598); hosts use it for their proxies, too."""

NOTHING: Mapping[str, int] = {}

Keys = tuple[str, ...]
"""What an address is counted under; empty where it is not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """0 switches one off."""

    connections: int = 0
    """Engine.IO sessions of the process."""
    connections_per_address: int = 0
    unseated_per_address: int = 0
    """Sessions without a seat in any room."""
    rooms_per_address: int = 0
    """Rooms that were made and have nobody in them: not yet, or not any more."""
    seats_per_address: int = 0


@dataclass(slots=True)
class Ticket:
    """One Engine.IO session."""

    keys: Keys
    seated: bool = False


class Quotas:
    """Counts of all addresses; an address that has nothing is forgotten."""

    def __init__(self, bounds: Bounds, *, count_loopback: bool = True, trusted_hops: int = 0) -> None:
        self.bounds = bounds
        self.refused: Counter[str] = Counter()
        """Refusals by quota, since the start."""
        self._count_loopback = count_loopback
        self._trusted_hops = trusted_hops
        self._warned = False
        self._counts: defaultdict[str, dict[str, int]] = defaultdict(dict)  # quota → key → how many
        self._elsewhere: Mapping[str, Mapping[str, int]] = {}
        self._tickets: dict[str, Ticket] = {}  # by connection
        self._visitors: dict[str, Keys] = {}  # by connection of another process
        self._makers: dict[str, Keys] = {}  # of rooms, for as long as they last
        self._empty: set[str] = set()  # of them, those that nobody is in
        self._seats: dict[str, dict[str, Keys]] = {}  # room → participant

    @property
    def connections(self) -> int:
        """Sessions of the process."""
        return len(self._tickets)

    @property
    def addresses(self) -> int:
        """Addresses, and networks of them, that have connections."""
        return len(self._counts.get("connections_per_address", ()))

    def keys(self, remote: str | None, forwarded_for: str | None) -> Keys:
        """What the sender of a request is counted under."""
        if forwarded_for and not self._trusted_hops and _is_private(remote):
            self._warn()
            return ()
        return self.keys_of(client_address(remote, forwarded_for, self._trusted_hops))

    def keys_of(self, address: str) -> Keys:
        """What an address as of `client_address` is counted under."""
        if not address or (not self._count_loopback and _is_loopback(address)):
            return ()
        if ":" not in address:
            return (address,)
        try:
            return (address, str(IPv6Network(address).supernet(new_prefix=SITE_BITS)))
        except ValueError:
            return (address,)

    # Other nodes

    def most(self, limit: int) -> dict[str, dict[str, int]]:
        """Quota → key → how many, of the keys with the most, at most `limit` for each quota."""
        return {
            quota: dict(nlargest(limit, counts.items(), key=itemgetter(1))) for quota, counts in self._counts.items()
        }

    def elsewhere(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """What other nodes count, from now on."""
        self._elsewhere = counts

    # Connections

    def connect(self, connection: str, keys: Keys) -> None:
        """A session has begun. Refused with QUOTA_EXCEEDED, and not counted, where there are too many."""
        if 0 < self.bounds.connections <= len(self._tickets):
            self.refused["connections"] += 1
            raise full("This server has as many connections as it takes.")
        self._check("connections_per_address", keys, "This address has as many connections as one may have.")
        self._check("unseated_per_address", keys, "This address has too many connections that are in no room.")
        self._tickets[connection] = Ticket(keys)
        self._count("connections_per_address", keys, 1)
        self._count("unseated_per_address", keys, 1)

    def disconnect(self, connection: str) -> None:
        """The session is over."""
        ticket = self._tickets.pop(connection, None)
        if ticket is not None:
            self._count("connections_per_address", ticket.keys, -1)
            if not ticket.seated:
                self._count("unseated_per_address", ticket.keys, -1)

    def visits(self, connection: str, keys: Keys) -> None:
        """A session of another process has come: there it is counted, here its seats are."""
        self._visitors[connection] = keys

    def visited(self, connection: str) -> None:
        """It is gone."""
        self._visitors.pop(connection, None)

    def keys_at(self, connection: str) -> Keys:
        """What a session is counted under."""
        ticket = self._tickets.get(connection)
        return ticket.keys if ticket is not None else self._visitors.get(connection, ())

    def holds_seats(self, connection: str, *, any_at_all: bool) -> None:
        """A connection has taken its first seat, or let go of its last."""
        ticket = self._tickets.get(connection)
        if ticket is not None and ticket.seated is not any_at_all:
            ticket.seated = any_at_all
            self._count("unseated_per_address", ticket.keys, -1 if any_at_all else 1)

    # Rooms

    def room_made(self, room_id: str, keys: Keys) -> None:
        """A room is about to be made. Refused with QUOTA_EXCEEDED where too many stand empty."""
        self._check("rooms_per_address", keys, "Too many rooms of this address wait for somebody to enter them.")
        if keys:
            self._makers[room_id] = keys
            self.room_emptied(room_id)

    def room_entered(self, room_id: str) -> None:
        """Somebody is in."""
        if room_id in self._empty:
            self._empty.discard(room_id)
            self._count("rooms_per_address", self._makers[room_id], -1)

    def room_emptied(self, room_id: str) -> None:
        """The last has left: until it ends, or somebody comes back, the room counts for its maker again."""
        if room_id in self._makers and room_id not in self._empty:
            self._empty.add(room_id)
            self._count("rooms_per_address", self._makers[room_id], 1)

    def room_over(self, room_id: str) -> None:
        """The room has ended, with all seats in it, or was not made after all."""
        self.room_entered(room_id)
        self._makers.pop(room_id, None)
        for keys in self._seats.pop(room_id, {}).values():
            self._count("seats_per_address", keys, -1)

    # Seats

    def check_seat(self, keys: Keys) -> None:
        """Refuse with QUOTA_EXCEEDED where the address has as many seats as one may have."""
        self._check("seats_per_address", keys, "This address has as many seats as one may have.")

    def seat_taken(self, room_id: str, participant_id: str, keys: Keys) -> None:
        """A seat is held from here now. It counts until it ends, also while nobody holds it."""
        if not keys and room_id not in self._seats:
            return
        seats = self._seats.setdefault(room_id, {})
        self._count("seats_per_address", seats.pop(participant_id, ()), -1)
        if keys:
            seats[participant_id] = keys
            self._count("seats_per_address", keys, 1)
        if not seats:
            del self._seats[room_id]

    def seat_gone(self, room_id: str, participant_id: str) -> None:
        """A seat has ended."""
        if room_id in self._seats:
            self.seat_taken(room_id, participant_id, ())

    def _check(self, quota: str, keys: Keys, message: str) -> None:
        bound = getattr(self.bounds, quota)
        if not bound:
            return
        counts, others = self._counts[quota], self._elsewhere.get(quota, NOTHING)
        for key in keys:
            if counts.get(key, 0) + others.get(key, 0) < bound:
                continue
            self.refused[quota] += 1
            raise Refused(Code.QUOTA_EXCEEDED, message, retry_after_ms=RETRY_MS)

    def _count(self, quota: str, keys: Keys, change: int) -> None:
        if not getattr(self.bounds, quota):
            return
        counts = self._counts[quota]
        for key in keys:
            now = counts.get(key, 0) + change
            if now > 0:
                counts[key] = now
            else:
                counts.pop(key, None)

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "A proxy sends X-Forwarded-For, and TRUSTED_PROXY_HOPS is 0: its clients are not told apart, and not "
                "counted by quotas. Set TRUSTED_PROXY_HOPS to the number of proxies in front of this server."
            )


def full(message: str) -> Refused:
    """The refusal where it is the process that has no more to give."""
    return Refused(Code.QUOTA_EXCEEDED, message, retry_after_ms=RETRY_MS, of_process=True)


@lru_cache(maxsize=8_192)
def _is_loopback(address: str) -> bool:
    try:
        return ip_network(address).is_loopback or address == "::/64"  # the /64 of ::1
    except ValueError:
        return False


@lru_cache(maxsize=8_192)
def _is_private(remote: str | None) -> bool:
    try:
        address = ip_address((remote or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_private or mapped.is_loopback or (mapped.version == 4 and mapped in SHARED_SPACE))
