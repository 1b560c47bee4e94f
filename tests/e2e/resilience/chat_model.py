"""The right picture of a busy chat, made of what each person did and was answered, and nothing else.

Of what several people do to one thing the order does not matter here, as long as the server keeps its rules: a message
that anybody had taken away is gone, whatever happened to it; only its author edits, in an order of their own; what
somebody puts to a message, and votes, is theirs alone. So what was acknowledged says how everything must end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rooms.limits import HISTORY_EVENTS

Report = dict[str, Any]
GONE = "MESSAGE_NOT_FOUND"
EVENTS_BEHIND = 200
"""So many events may have followed the newest message that somebody had seen."""
UNCLEAR = frozenset({"CONNECTION_LOST", "NOT_IN_ROOM", "TIMEOUT"})
"""What a request ends with that is not repeated by itself: it was done, or not."""


@dataclass
class Said:
    """One message. `texts`: all that it ever said, the last one last."""

    tag: str
    by: str
    options: dict[str, Any]
    texts: list[str]
    id: str = ""
    seq: int = 0
    gone: bool = False
    edited: bool = False
    seen_by: set[str] = field(default_factory=set)
    missed_by: set[str] = field(default_factory=set)
    reactions: dict[tuple[str, str], bool] = field(default_factory=dict)

    def shown_to(self, person: str) -> bool:
        to = self.options.get("to")
        return not self.gone and person not in self.missed_by and (to is None or person in (to, self.by))

    def let_go(self, newest: int) -> bool:
        """Whether the server may hold it no more, but for its id, when a message has this number."""
        return newest - self.seq > HISTORY_EVENTS - EVENTS_BEHIND


@dataclass
class Asked:
    """One poll."""

    by: str
    options: dict[str, Any]
    votes: dict[str, list[int]] = field(default_factory=dict)
    closed: bool = False
    gone: bool = False


class Model:
    """What `reports` add up to. `faults`: what was refused although it should not have been."""

    def __init__(self, reports: list[Report]) -> None:
        self.people = [str(report["id"]) for report in reports]
        self.said: dict[str, Said] = {}
        self.polls: dict[str, Asked] = {}
        self.unclear_polls: set[str] = set()
        self.selves: dict[str, dict[str, Any]] = {}
        self.pinned: str | None = None
        self.faults: list[str] = []
        self._tags: dict[str, str] = {}
        self._seqs: dict[str, int] = {}
        self._refused: list[tuple[str, str, str, dict[str, Any]]] = []
        for report in reports:
            self._tags |= report["ids"]
            self._tags |= {m["id"]: tag_of(m["text"]) for m in report["messages"] if m["text"] and m["id"]}
            # Gone before its author was answered: only who saw it knows which one it was.
            self._tags |= {one["id"]: tag_of(one["seen"]) for one in report["log"] if ";" in one.get("seen", "")}
            self._seqs |= {m["id"]: m["seq"] for m in report["messages"]}
        for first in (True, False):  # what is said before what is done to it, by whomever
            for report in reports:
                for entry in report["log"]:
                    if (entry["what"] in ("say", "ask")) is first:
                        self._take(str(report["id"]), entry)
        self._settle()

    def _take(self, who: str, entry: dict[str, Any]) -> None:
        getattr(self, "_" + entry["what"].replace("-", "_"))(who, entry, entry["outcome"])

    def _say(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        self.said[entry["tag"]] = Said(entry["tag"], who, entry, [entry["text"]])

    def _ask(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        if outcome == "done":
            self.polls[entry["pollId"]] = Asked(who, entry)
        elif outcome in UNCLEAR:
            self.unclear_polls.add(entry["question"])
        else:
            self.faults.append(f"a poll was refused: {outcome}")

    def _of(self, who: str, entry: dict[str, Any], outcome: str) -> Said | None:
        """The message that something was done to; None where it was not done."""
        tag = entry.get("tag") or self._tags.get(entry["id"])
        if outcome != "done":
            self._refused.append((who, outcome, tag or "", entry))
        return self.said.get(tag or "") if outcome == "done" else None

    def _edit(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        if message := self._of(who, entry, outcome):
            message.texts.append(entry["text"])
            message.edited = True

    def _delete(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        if outcome != "undone" and (message := self._of(who, entry, outcome)):
            message.gone = True

    def _react(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        if message := self._of(who, entry, outcome):
            message.reactions[entry["emoji"], who] = entry["on"]

    def _look(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        message = self._of(who, entry, outcome)
        if message:
            message.seen_by.add(who)
            if entry["seen"] != message.texts[0]:
                self.faults.append(f"{message.tag} was seen as {entry['seen']!r}")

    def _vote(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        poll = self.polls.setdefault(entry["pollId"], Asked("", {"unclear": True}))
        if outcome == "done":
            poll.votes[who] = entry["choices"]
        elif outcome not in ("POLL_CLOSED", "NOT_FOUND"):
            self.faults.append(f"a vote was refused: {outcome}")

    def _close(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        self.polls.setdefault(entry["pollId"], Asked("", {"unclear": True})).closed |= outcome == "done"

    def _erase_poll(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        self.polls.setdefault(entry["pollId"], Asked("", {"unclear": True})).gone |= outcome == "done"

    def _rename(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        if outcome != "done":
            self.faults.append(f"a change of oneself was refused: {outcome}")
        self.selves.setdefault(who, {}).update(entry["patch"])

    def _pin(self, who: str, entry: dict[str, Any], outcome: str) -> None:
        if outcome == "done":
            self.pinned = entry["id"]
        elif outcome != GONE:
            self.faults.append(f"a pin was refused: {outcome}")

    def _settle(self) -> None:
        tags = {tag: id_ for id_, tag in self._tags.items()}
        for tag, message in self.said.items():
            message.id = tags.get(tag, "")
            message.seq = self._seqs.get(message.id, 0)
            once, to = message.options.get("viewOnce"), message.options.get("to")
            audience = {to} if to else set(self.people) - {message.by}
            message.gone |= bool(message.options.get("ttlS")) or bool(once and audience <= message.seen_by)
        for who, outcome, tag, entry in self._refused:
            if outcome == "undone" or (outcome == GONE and self._could_be_refused(who, tag, entry)):
                continue
            self.faults.append(f"{entry['what']} of {tag or entry['id']} was refused: {outcome}")
        if self.pinned is not None and self.said[self._tags[self.pinned]].gone:
            self.pinned = None

    def _could_be_refused(self, who: str, tag: str, entry: dict[str, Any]) -> bool:
        message = self.said.get(tag)
        if message is None or message.gone:
            return True
        if entry["what"] == "look" and message.let_go(entry["newest"]):
            message.missed_by.add(who)  # nobody will see it any more, and this one knows
        return entry["what"] != "delete" and message.let_go(entry["newest"])

    def messages_of(self, who: str) -> list[dict[str, Any]]:
        """What somebody must have on screen, by id."""
        return [self._shown(message, who) for message in self.said.values() if message.shown_to(who)]

    def _shown(self, message: Said, who: str) -> dict[str, Any]:
        own = message.by == who
        options = message.options
        hidden = bool(options.get("viewOnce")) and not own
        shown: dict[str, Any] = {
            "id": message.id,
            "sender": message.by,
            "own": own,
            "state": "sent",
            "text": "" if hidden else message.texts[-1],
            "isEdited": message.edited,
            "reactions": self._reactions(message, who),
        }
        shown |= {name: options[name] for name in ("to", "replyTo", "viewOnce") if options.get(name) is not None}
        if hidden:
            shown.pop("replyTo", None)
        if options.get("file") and not hidden:
            shown["files"] = [{name: options["file"][name] for name in ("name", "size")}]
        return shown

    def _reactions(self, message: Said, who: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for emoji in {emoji for emoji, _ in message.reactions}:
            people = sorted(one for (put, one), on in message.reactions.items() if put == emoji and on)
            if people:
                found[emoji] = {"count": len(people), "people": people, "mine": who in people}
        return found

    def poll(self, poll_id: str, question: str) -> dict[str, Any]:
        """Counts, votes and whether it is closed, as everybody must see them. `KeyError`: nobody has asked that."""
        if poll_id not in self.polls and question in self.unclear_polls:
            self.polls[poll_id] = Asked("", {"unclear": True})  # Its answer was lost, and nobody has voted.
        asked = self.polls[poll_id]
        votes = {who: sorted(choices) for who, choices in asked.votes.items() if choices}
        counts = [sum(choice in chosen for chosen in votes.values()) for choice in range(3)]
        return {"counts": counts, "votes": votes, "closed": asked.closed}

    @property
    def unsaid(self) -> list[str]:
        """Every text that nobody is to have any more."""
        found = []
        for message in self.said.values():
            found += message.texts if message.gone else message.texts[:-1]
        return found


def tag_of(text: str) -> str:
    return text.partition(";")[0]
