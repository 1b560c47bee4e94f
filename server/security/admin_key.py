"""`ADMIN_KEY`: who has it, and how often one may try."""

from __future__ import annotations

import hmac

from rooms.errors import Code, Refused
from server.security.guesses import Guesses


class AdminKey:
    """The key, and the counted guesses at it. It may be a word that somebody thought of, so guessing is throttled."""

    def __init__(self, kept: str, guesses: Guesses) -> None:
        self._kept = kept.encode()
        self._guesses = guesses

    @property
    def is_set(self) -> bool:
        """Whether there is one; without it nothing is behind it."""
        return bool(self._kept)

    def is_it(self, given: str | None, address: str) -> bool:
        """Whether this is the key. Refused with RATE_LIMITED after too many wrong ones; this one is not counted."""
        # The wrong keys of rooms do not count against it.
        self._guesses.check("admin", address)
        # Headers that are not UTF-8 come with surrogates in place of their bytes; JSON may bring lone ones.
        as_sent = (given or "").encode("utf-8", "surrogatepass")
        return self.is_set and hmac.compare_digest(as_sent, self._kept)

    def check(self, given: str | None, address: str) -> None:
        """Refuse with UNAUTHORIZED, FORBIDDEN, or RATE_LIMITED after too many wrong ones."""
        is_it = self.is_it(given, address)
        if given is None:
            raise Refused(Code.UNAUTHORIZED, "Send the admin key as a bearer token.")
        if not is_it:
            self._guesses.failed("admin", address)
            raise Refused(Code.FORBIDDEN, "This is not the admin key.")
