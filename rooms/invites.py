"""Invites: tokens that admit so many people, once each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rooms.digests import digest
from rooms.errors import Code, Refused
from rooms.limits import MAX_INVITES
from rooms.records import InviteRecord


@dataclass(slots=True)
class Invites:
    """All invites of one room, by the digest of their token. Every time is one of the wall clock."""

    _by_digest: dict[bytes, InviteRecord]

    @classmethod
    def of(cls, records: tuple[InviteRecord, ...]) -> Invites:
        """From what a store kept."""
        return cls({record.token_digest: record for record in records})

    def records(self) -> tuple[InviteRecord, ...]:
        """What a store should keep."""
        return tuple(self._by_digest.values())

    def __len__(self) -> int:
        return len(self._by_digest)

    def add(self, invite_id: str, token: str, *, uses: int, now: float, expires_at: float) -> InviteRecord:
        """Make an invite. Dead ones make way; refused with RATE_LIMITED where too many are alive."""
        if len(self._by_digest) >= MAX_INVITES:
            self._forget_dead(now)
        if len(self._by_digest) >= MAX_INVITES:
            raise Refused(Code.RATE_LIMITED, f"A room has at most {MAX_INVITES} open invites.")
        record = InviteRecord(
            id=invite_id, token_digest=digest(token), uses=uses, used=0, created_at=now, expires_at=expires_at
        )
        self._by_digest[record.token_digest] = record
        return record

    def check(self, token: str, now: float, regretted: str | None = None) -> InviteRecord:
        """The invite of this token, if it can be redeemed now. Spends nothing.

        `regretted` is the id of one that this very join has spent already, and given up.
        """
        record = self._by_digest.get(digest(token))
        if record is None or record.revoked:
            raise Refused(Code.INVITE_INVALID, "This invite is not valid.")
        if record.used >= record.uses and record.id != regretted:
            raise Refused(Code.INVITE_USED, "This invite has been used.")
        if record.expires_at <= now:
            raise Refused(Code.INVITE_EXPIRED, "This invite has expired.")
        return record

    def redeem(self, record: InviteRecord) -> None:
        """Spend one use."""
        self._by_digest[record.token_digest] = replace(record, used=record.used + 1)

    def give_back(self, invite_id: str) -> None:
        """Undo one redemption whose seat was never handed out."""
        for record in self._by_digest.values():
            if record.id == invite_id and record.used > 0:
                self._by_digest[record.token_digest] = replace(record, used=record.used - 1)
                return

    def revoke(self, invite_id: str) -> None:
        """Make an invite useless. Whoever came in with it stays."""
        for record in self._by_digest.values():
            if record.id == invite_id:
                self._by_digest[record.token_digest] = replace(record, revoked=True)
                return
        raise Refused(Code.INVITE_INVALID, "This room has no such invite.")

    def clear(self) -> None:
        """Forget all of them."""
        self._by_digest.clear()

    def _forget_dead(self, now: float) -> None:
        alive = (r for r in self._by_digest.values() if not r.revoked and r.used < r.uses)
        self._by_digest = {r.token_digest: r for r in alive if r.expires_at > now}
