"""Links between nodes: frames that are sent in one loop turn leave in one batch, arrive in order, and once.

A link never waits and never blocks. It is bounded by what the other node has not taken yet: beyond that `send` says no.
What a receiver must not miss and cannot be sent leaves a gap in the numbers of the batches, which the receiver is told
of: it then has to find out by itself what it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, Protocol

from server.cluster.frames import (
    BATCH_OVERHEAD,
    FRAME_OVERHEAD,
    BadBatch,
    Frame,
    decode_batch,
    encode_batch,
    encode_frame,
)

log = logging.getLogger(__name__)

MAX_UNREAD_BYTES: Final = 16 * 1_048_576
"""What one node may have sent to another that it has not taken yet."""

BATCH_BYTES: Final = 1_048_576
BATCH_FRAMES: Final = 16_384
"""A batch that is larger leaves before the end of the turn."""

PLACE_BYTES: Final = 1_048_576
"""Parts of bodies are sent only while the other node has not more than this to take. What else is told never waits for
it, and so has at most this before it."""

SEEN_EVERY_BYTES: Final = 262_144
"""After so many bytes a node says what it has taken, where it has nothing else to say."""

PROBE_S: Final = 0.1
"""Before it is tried again whether a node takes anything: with one batch, after which come the others."""

TICK_S: Final = 1.0
MAX_PEERS: Final = 1_000
"""Nodes that are known at a time."""


class Wire(Protocol):
    """What carries batches (`storage.redis.inboxes.RedisInboxes`)."""

    on_up: Callable[[], None]
    """Called where there is a new way: what was taken, and not read, may have been lost with the old one."""

    on_room: Callable[[], None]
    """Called where what was refused for want of room may be tried again."""

    def post(self, node: str, batch: bytes, on_posted: Callable[[Posted], None]) -> None:
        """Send a batch; `on_posted` is told what became of it."""


class Posted(Protocol):
    """What became of a batch: an enumeration whose values are `taken`, `nobody` and `unknown`."""

    @property
    def value(self) -> str:
        """Which of them."""


class _Peer:
    """Another node, as this one knows it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.frames: list[bytes] = []
        self.frame_bytes = 0
        self.sequence = 0
        self.unconfirmed: dict[int, bytes] = {}  # sequence → batch that it has not said it took
        self.posted: set[int] = set()  # of these, those that lie in its inbox
        self.doubted: set[int] = set()  # and those of which that is not known
        self.unread: deque[tuple[int, int]] = deque()  # (sequence, bytes) that it has not taken
        self.unread_bytes = 0
        self.in_doubt = False
        self.probe = 0  # the sequence of the batch with which it is tried whether it takes anything
        """Whether a batch may not have arrived: later ones wait until it is sent again."""
        self.seen = 0
        self.owed_bytes = 0
        """What was taken of it since it was told so."""

    def read(self, up_to: int) -> bool:
        """It has taken batches up to this one; whether one of them was not known to be taken."""
        unread, before = self.unread, self.unread_bytes
        while unread and unread[0][0] <= up_to:
            sequence, size = unread.popleft()
            self.unread_bytes -= size
            self.unconfirmed.pop(sequence, None)
            self.posted.discard(sequence)
            self.doubted.discard(sequence)
        return self.unread_bytes < before


class Links:
    """The links of this node to all others."""

    def __init__(self, me: str, wire: Wire) -> None:
        self.me = me
        self._wire = wire
        self._peers: dict[str, _Peer] = {}
        self._busy: dict[str, _Peer] = {}
        self._numbers: OrderedDict[str, tuple[int, int]] = OrderedDict()  # of nodes that were forgotten
        self._loop = asyncio.get_running_loop()
        self._ticking: asyncio.TimerHandle | None = None
        self._probing: asyncio.TimerHandle | None = None
        self.on_frame: Callable[[str, Frame], None] = lambda source, frame: None
        self.on_gap: Callable[[str], None] = lambda source: None
        """Told of a node of which something was missed."""
        self.may_return: Callable[[], bool] = lambda: False
        """Whether a node without an inbox may just not have made it anew yet."""
        self.on_new_way: Callable[[], None] = lambda: None
        """Told of each new connection, which may lead to other data: inboxes may have to be made anew."""
        self.on_taken: Callable[[str], None] = lambda node: None
        """Told of a node that has taken something of what was sent to it."""
        self.on_nobody: Callable[[str, list[Frame]], None] = lambda node, untaken: None
        """Told of a node that takes nothing any more, and of the frames that it has certainly not taken."""
        self.frames_out = self.frames_in = self.batches_out = self.batches_in = self.gaps = self.refused = 0

    @property
    def nodes(self) -> list[str]:
        """The nodes that something was sent to, or has come from."""
        return list(self._peers)

    def start(self) -> None:
        """Begin to tell others what was taken of them."""
        self._wire.on_up, self._wire.on_room = self._resend, self._probe
        self._ticking = self._loop.call_later(TICK_S, self._tick)

    def stop(self) -> None:
        """Send what is left, and nothing more."""
        self._flush()
        for timer in (self._ticking, self._probing):
            if timer is not None:
                timer.cancel()
        self._ticking = self._probing = None

    def rename(self, me: str) -> None:
        """This node has another name from now on, and begins anew with everybody."""
        self.me = me
        self._peers.clear()
        self._busy.clear()
        self._numbers.clear()

    def forget(self, node: str) -> None:
        """A node is gone. Were it not, what it is sent later has to be known for what comes after a gap."""
        peer = self._peers.pop(node, None)
        self._busy.pop(node, None)
        if peer is not None:
            self._note_numbers(peer)

    def _note_numbers(self, peer: _Peer) -> None:
        self._numbers[peer.name] = peer.sequence + 1, peer.seen
        while len(self._numbers) > MAX_PEERS:
            self._numbers.popitem(last=False)

    # Out

    def send(self, node: str, kind: int, handle: int, number: int = 0, body: bytes = b"") -> bool:
        """Send a frame at the end of this loop turn; false where the node has too much to take already."""
        peer = self._peers.get(node) or self._met(node)
        size = FRAME_OVERHEAD + len(body)
        if peer.unread_bytes + peer.frame_bytes + size > MAX_UNREAD_BYTES:
            self.refused += 1
            return False
        if peer.frame_bytes + size > BATCH_BYTES or len(peer.frames) >= BATCH_FRAMES:
            self._post(peer)
        peer.frames.append(encode_frame(kind, handle, number, body))
        peer.frame_bytes += size
        if not self._busy:
            self._loop.call_soon(self._flush)
        self._busy[node] = peer
        return True

    def has_place(self, node: str) -> bool:
        """Whether a node has so little to take that a part of a body may be sent to it."""
        peer = self._peers.get(node)
        return peer is None or peer.unread_bytes + peer.frame_bytes < PLACE_BYTES

    def tell(self, node: str, kind: int, handle: int, number: int = 0, body: bytes = b"") -> None:
        """Send what the other must not miss: where it has too much to take, it is told that it missed something."""
        if not self.send(node, kind, handle, number, body):
            peer = self._peers[node]
            self._post(peer)
            peer.sequence += 1

    def _met(self, node: str) -> _Peer:
        if len(self._peers) >= MAX_PEERS:
            self._note_numbers(self._peers.pop(next(iter(self._peers))))
        peer = self._peers[node] = _Peer(node)
        peer.sequence, peer.seen = self._numbers.pop(node, (0, 0))
        return peer

    def _flush(self) -> None:
        busy, self._busy = self._busy, {}
        for peer in busy.values():
            self._post(peer)

    def _post(self, peer: _Peer) -> None:
        if not peer.frames:
            return
        frames, peer.frames = peer.frames, []
        peer.sequence += 1
        batch = encode_batch(self.me, peer.sequence, peer.seen, frames)
        peer.owed_bytes = peer.frame_bytes = 0
        peer.unread.append((peer.sequence, len(batch)))
        peer.unread_bytes += len(batch)
        peer.unconfirmed[peer.sequence] = batch
        self.batches_out += 1
        self.frames_out += len(frames)
        if not peer.in_doubt:
            self._put(peer, peer.sequence, batch)

    def _put(self, peer: _Peer, sequence: int, batch: bytes) -> None:
        def posted(what: Posted) -> None:
            if self._peers.get(peer.name) is not peer or sequence not in peer.unconfirmed:
                return
            if what.value == "taken":
                peer.posted.add(sequence)
                if sequence == peer.probe:
                    self._repeat(peer)
            elif what.value == "unknown":
                peer.doubted.add(sequence)
                self._doubt(peer)
            elif self.may_return():
                peer.posted.discard(sequence)
                self._doubt(peer)
            else:
                self._nobody(peer, sequence)

        self._wire.post(peer.name, batch, posted)

    def _nobody(self, peer: _Peer, first: int) -> None:
        """There is no such inbox: neither this batch nor a later one was taken, nor what has not left yet."""
        self._post(peer)
        untaken = peer.unconfirmed.keys() - peer.posted - peer.doubted
        batches = [decode_batch(peer.unconfirmed[sequence]) for sequence in sorted(untaken) if sequence >= first]
        self.forget(peer.name)
        self.on_nobody(peer.name, [frame for batch in batches for frame in batch.frames])

    def _doubt(self, peer: _Peer) -> None:
        """Nothing more is sent to it until it is known to take something: then all is sent again, and taken once."""
        peer.in_doubt, peer.probe = True, 0
        if self._probing is None and self._ticking is not None:  # else it has stopped
            self._probing = self._loop.call_later(PROBE_S, self._probe)

    def _probe(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
            self._probing = None
        for peer in list(self._peers.values()):
            if peer.in_doubt:
                peer.probe = next((one for one in peer.unconfirmed if one not in peer.posted), 0)
                if peer.probe:
                    self._put(peer, peer.probe, peer.unconfirmed[peer.probe])
                else:
                    peer.in_doubt = False

    def _resend(self) -> None:
        self.on_new_way()
        for peer in list(self._peers.values()):
            peer.doubted |= peer.posted
            peer.posted.clear()
            self._repeat(peer)

    def _repeat(self, peer: _Peer) -> None:
        """Send what does not lie in its inbox: what it has taken by then it passes over."""
        peer.in_doubt, peer.probe = False, 0
        for sequence, batch in list(peer.unconfirmed.items()):
            if sequence not in peer.posted:
                self._put(peer, sequence, batch)

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(TICK_S, self._tick)
        for peer in list(self._peers.values()):
            if peer.owed_bytes:
                self._say_seen(peer)

    def _say_seen(self, peer: _Peer) -> None:
        peer.owed_bytes = 0
        self._wire.post(peer.name, encode_batch(self.me, 0, peer.seen, ()), lambda _: None)

    # In

    def take(self, data: bytes) -> None:
        """A batch has come."""
        try:
            batch = decode_batch(data)
        except BadBatch as problem:
            log.error("What another node sent cannot be read: %s", problem)
            return
        peer = self._peers.get(batch.source) or self._met(batch.source)
        if peer.read(batch.seen):
            self.on_taken(batch.source)
        if batch.sequence <= peer.seen:
            # Only what it has taken; or sent again, as it did not hear that it was taken.
            peer.owed_bytes += len(data) + BATCH_OVERHEAD if batch.sequence else 0
            return
        missed, peer.seen = batch.sequence != peer.seen + 1, batch.sequence
        if missed:
            self.gaps += 1
            self.on_gap(batch.source)
        self.batches_in += 1
        self.frames_in += len(batch.frames)
        on_frame, source = self.on_frame, batch.source
        for frame in batch.frames:
            try:
                on_frame(source, frame)
            except Exception as error:
                log.exception("A frame of kind %d failed: %s", frame.kind, type(error).__name__)
        peer.owed_bytes += len(data) + BATCH_OVERHEAD
        if peer.owed_bytes >= SEEN_EVERY_BYTES:
            self._say_seen(peer)
