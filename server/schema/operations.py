"""The table of REST calls: what each takes, answers and may be refused with."""

from __future__ import annotations

from typing import NamedTuple

from rooms.errors import Code
from server.protocol import answers as answers
from server.protocol.events import Sent
from server.protocol.fields import MAX_LIMIT
from server.protocol.requests import CreateInvite, CreateRoom, OutsideMessage, Payload, RoomSettings

HOST = ("hostKey", "joinToken")
SITE = ("apiKey",)
READER = (*HOST, "resumeToken")
ADMIN = ("adminKey",)

NOT_NOW = (Code.SERVER_DRAINING, Code.UNAVAILABLE)
GONE = (Code.ROOM_NOT_FOUND, Code.ROOM_ENDED, Code.ROOM_EXPIRED, Code.UNAVAILABLE)
SECRET = (Code.UNAUTHORIZED, Code.FORBIDDEN)
KEYED = (*GONE, *SECRET, Code.TOKEN_INVALID, Code.TOKEN_EXPIRED, Code.BANNED)
BODY = (Code.INVALID_PAYLOAD, Code.PAYLOAD_TOO_LARGE, Code.TIMEOUT)


class Parameter(NamedTuple):
    """A query parameter or header."""

    name: str
    place: str
    kind: str
    description: str
    least: int | None = None
    most: int | None = None


class Operation(NamedTuple):
    """One call. `keys` are the secrets that admit, as bearer tokens; `text` is the media type where it is not JSON.

    `errors` are the call's own; `refusals` has all of them. `keys_when` says when a key is needed, if not always.
    `takes` is the media type of a body that is no JSON; `also` are further statuses, and what they mean.
    """

    method: str
    path: str
    summary: str
    answer: type[Sent] | None
    status: int = 200
    keys: tuple[str, ...] = ()
    body: type[Payload] | None = None
    errors: tuple[Code, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    text: str = ""
    keys_when: str = ""
    takes: str = ""
    also: tuple[tuple[int, str], ...] = ()

    @property
    def refusals(self) -> tuple[Code, ...]:
        """Every code that the call may be refused with, in the order of the table of codes."""
        found = {*self.errors, Code.INTERNAL_ERROR}
        if self.path.startswith("/api/") and self.path != "/api/health":
            found.add(Code.RATE_LIMITED)
            if self.method != "get":
                found.add(Code.FORBIDDEN)  # a page of a foreign origin
        if self.path.startswith("/api/rooms"):
            found.update(NOT_NOW)  # the rooms may be on their way to another process
        return tuple(code for code in Code if code in found)


IDEMPOTENCY = Parameter(
    "Idempotency-Key",
    "header",
    "string",
    "Repeating a call with the same key gives the same room; its host key again only with an API key or 22 characters.",
    1,
    255,
)
NEWER = Parameter("after", "query", "string", "The id of the newest message seen: those that follow it directly.")
QUERY = Parameter("q", "query", "string", "Only messages that contain this; of a log that is not encrypted.")
BEFORE = Parameter("before", "query", "string", "The id of the oldest message seen.")
AFTER = Parameter("after", "query", "string", "The id of the last room seen.")
EARLIER = Parameter("before", "query", "string", "The id of the last line seen.")
LINES = Parameter("limit", "query", "integer", "Lines on the page; above 100 counts as 100.", 1, MAX_LIMIT)
ROOMS = Parameter("limit", "query", "integer", "Rooms on the page; above 100 counts as 100.", 1, MAX_LIMIT)
LIMIT = Parameter("limit", "query", "integer", "Messages on the page; above 50 counts as 50.", 1, MAX_LIMIT)

FILE_NAME = Parameter("X-File-Name", "header", "string", "The file's name, percent-encoded UTF-8.", None, 3_060)
RANGE = Parameter("Range", "header", "string", "One range of bytes.")
IF_RANGE = Parameter("If-Range", "header", "string", "The ETag of what is there already: the range, if it still holds.")
ANY = "application/octet-stream"

OPERATIONS = (
    Operation(
        "post",
        "/api/rooms",
        "Make a room. Every field has a default.",
        answers.RoomCreated,
        201,
        keys=SITE,
        body=CreateRoom,
        # With an Idempotency-Key the room that it made before may have ended. RATE_LIMITED is of passwords, too.
        errors=(*BODY, *SECRET, Code.ROOM_ENDED, Code.ROOM_EXPIRED, Code.QUOTA_EXCEEDED, *NOT_NOW),
        parameters=(IDEMPOTENCY,),
        keys_when="where `ROOM_CREATION` asks for one",
    ),
    Operation(
        "get",
        "/api/rooms",
        "The rooms that the API key has made.",
        answers.Rooms,
        keys=SITE,
        errors=(*SECRET, Code.INVALID_PAYLOAD, Code.UNAVAILABLE),
        parameters=(AFTER, ROOMS),
    ),
    Operation(
        "get",
        "/api/rooms/{roomId}",
        "Look at a room. Spends nothing; safe for link previews.",
        answers.RoomAnswer,
        errors=GONE,
    ),
    Operation(
        "get",
        "/api/rooms/{roomId}/users",
        "Who is in. For a closed room, and where join tokens are required, only with the host key.",
        answers.Users,
        keys=HOST,
        errors=KEYED,
        keys_when="closed rooms",
    ),
    Operation(
        "delete", "/api/rooms/{roomId}", "End the room for all.", answers.Erased, keys=(*HOST, *SITE), errors=KEYED
    ),
    Operation(
        "patch",
        "/api/rooms/{roomId}",
        "Change settings, as update-room.",
        answers.RoomAnswer,
        keys=HOST,
        body=RoomSettings,
        errors=(*KEYED, *BODY),
    ),
    Operation(
        "post",
        "/api/rooms/{roomId}/invites",
        "Make an invite. Its token is told this once.",
        answers.InviteCreated,
        201,
        HOST,
        CreateInvite,
        (*KEYED, *BODY),
    ),
    Operation(
        "get",
        "/api/rooms/{roomId}/invites",
        "All invites, without their tokens.",
        answers.Invites,
        keys=HOST,
        errors=KEYED,
    ),
    Operation(
        "get",
        "/api/rooms/{roomId}/invite",
        "Whether the invite given as bearer token still lets somebody in. Spends nothing.",
        answers.InviteStanding,
        keys=("invite",),
        errors=(
            *GONE,
            Code.UNAUTHORIZED,
            Code.RATE_LIMITED,
            Code.INVITE_INVALID,
            Code.INVITE_USED,
            Code.INVITE_EXPIRED,
        ),
    ),
    Operation(
        "delete",
        "/api/rooms/{roomId}/invites/{inviteId}",
        "Make an invite useless. Whoever came in with it stays.",
        answers.Empty,
        keys=HOST,
        errors=(*KEYED, Code.INVITE_INVALID),
    ),
    Operation(
        "get",
        "/api/rooms/{roomId}/messages",
        "A page of messages, newest first.",
        answers.Messages,
        keys=READER,
        errors=(*KEYED, Code.INVALID_PAYLOAD),
        parameters=(BEFORE, NEWER, QUERY, LIMIT),
    ),
    Operation(
        "post",
        "/api/rooms/{roomId}/messages",
        "A message from outside, delivered to everybody in the room: of its owner, or of the seat whose token it is.",
        answers.SentMessage,
        201,
        READER,
        OutsideMessage,
        (*KEYED, *BODY, Code.ENCRYPTION_REQUIRED),
    ),
    Operation(
        "delete",
        "/api/rooms/{roomId}/messages/{messageId}",
        "Take a message away: any public one with the host key, as delete-message with the token of a seat.",
        answers.Changed,
        keys=READER,
        errors=(*KEYED, Code.MESSAGE_NOT_FOUND),
    ),
    Operation(
        "get",
        "/api/rooms/{roomId}/ice-servers",
        "Fresh ICE servers; TURN with the token of a seat only.",
        answers.IceServers,
        keys=READER,
        errors=KEYED,
    ),
    Operation(
        "post",
        "/api/rooms/{roomId}/files",
        "Lay a file down, for a message of one's own. The body is the file.",
        answers.FileLaidDown,
        201,
        keys=READER,
        errors=(*KEYED, *NOT_NOW, *BODY, Code.FILE_TOO_LARGE, Code.QUOTA_EXCEEDED, Code.NOT_FOUND),
        parameters=(FILE_NAME,),
        takes=ANY,
    ),
    Operation(
        "get",
        "/api/rooms/{roomId}/files/{fileId}",
        "A file of one's own, or of a message that one may see.",
        None,
        keys=READER,
        errors=(*KEYED, Code.NOT_FOUND, Code.QUOTA_EXCEEDED),
        parameters=(RANGE, IF_RANGE),
        text="*/*",  # as it was laid down
        also=((206, "The part that was asked for."), (304, "The caller has it."), (416, Code.INVALID_PAYLOAD.value)),
    ),
    Operation(
        "delete",
        "/api/rooms/{roomId}/files/{fileId}",
        "Take a file away: one's own, or any as host.",
        answers.Empty,
        keys=READER,
        errors=(*KEYED, Code.NOT_FOUND),
    ),
    Operation("get", "/health", "Whether the process serves, and what it depends on.", answers.Health),
    Operation("get", "/api/health", "The same as /health.", answers.Health),
    Operation(
        "get",
        "/ready",
        "Whether new rooms can be made.",
        answers.Ready,
        errors=(Code.SERVER_DRAINING, Code.UNAVAILABLE),
    ),
    Operation("get", "/metrics", "Prometheus text exposition format.", None, text="text/plain"),
    Operation(
        "get",
        "/api/admin/stats",
        "Metrics of the process for people. Off (404) without ADMIN_KEY.",
        answers.Stats,
        keys=ADMIN,
        errors=(*SECRET, Code.NOT_FOUND),
    ),
    Operation(
        "get",
        "/api/admin/rooms",
        "All rooms in the order of their ids, without content. Off (404) without ADMIN_KEY.",
        answers.AdminRooms,
        keys=ADMIN,
        errors=(*SECRET, Code.NOT_FOUND, Code.INVALID_PAYLOAD),
        parameters=(AFTER, ROOMS),
    ),
    Operation(
        "delete",
        "/api/admin/rooms/{roomId}",
        "End a room for all, as its operator. Off (404) without ADMIN_KEY.",
        answers.Erased,
        keys=ADMIN,
        errors=(*SECRET, Code.NOT_FOUND, *GONE, *NOT_NOW),
    ),
    Operation(
        "get",
        "/api/admin/sessions",
        "The log of rooms that have ended, kept for SESSION_LOG_DAYS, newest first. Off (404) without ADMIN_KEY.",
        answers.Sessions,
        keys=ADMIN,
        errors=(*SECRET, Code.NOT_FOUND, Code.INVALID_PAYLOAD, Code.UNAVAILABLE),
        parameters=(EARLIER, LINES),
    ),
    Operation("get", "/openapi.json", "This document.", None, text="application/json"),
    Operation("get", "/asyncapi.json", "The events, as AsyncAPI 3.0.", None, text="application/json"),
    Operation("get", "/events.d.ts", "The events, as TypeScript.", None, text="application/typescript"),
)
