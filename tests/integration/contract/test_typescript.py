"""`/events.d.ts` and the types of the client in the hands of a site builder: wrong code does not compile."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rooms.errors import Code
from server.schema.files import published
from tests.support.client import client_scripts
from tests.support.pace import PACE
from tests.support.processes import ROOT
from tests.support.server import Server

PACKAGES = ROOT / "tests" / "node_modules"
OPTIONS = [
    *("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"),
    *("--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--types", ""),
]

HEAD = """
import { io, type Socket } from "socket.io-client";
import type { Ack, ClientToServerEvents, RoomJoined, ServerToClientEvents } from "./events.js";
const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://localhost:3001");
declare const roomId: string;
declare const joined: RoomJoined;
"""

CLIENT = """
export async function join(): Promise<RoomJoined> {
  const ack: Ack<RoomJoined> = await socket.emitWithAck("join-room", { roomId, name: "Ada", media: { audio: true } });
  if (ack.ok) return ack.data;
  if (ack.error.code === "ROOM_FULL" && ack.error.retryable) throw new Error(`full, ${ack.error.retryAfterMs ?? 0} ms`);
  throw new Error(ack.error.details?.["name"] ?? ack.error.message);
}

export async function call(snapshot: RoomJoined): Promise<void> {
  const peer = new RTCPeerConnection({ iceServers: snapshot.iceServers });
  for (const { id, name, polite } of snapshot.participants) {
    peer.onicecandidate = ({ candidate }) => {
      socket.emit("ice-candidate", { roomId, to: id, candidate: candidate?.toJSON() ?? null }, () => {});
    };
    await peer.setLocalDescription();
    const sdp = peer.localDescription?.sdp ?? "";
    const offer = { roomId, to: id, description: { type: "offer" as const, sdp } };
    const ack = await socket.timeout(5000).emitWithAck("offer", offer);
    console.log(name, polite, ack.ok && ack.data.delivery === "buffered");
  }
  socket.on("answer-received", async ({ description }) => peer.setRemoteDescription(description));
  socket.on("ice-candidate-received", async ({ candidate }) => peer.addIceCandidate(candidate ?? undefined));
}

socket.on("room-joined", (snapshot, offset) => {
  console.log(snapshot.self.name, snapshot.room.hostId?.length, offset?.length, snapshot.limits.messageChars);
  for (const { event, payload } of snapshot.missed ?? []) {
    if (event === "message-received") console.log(payload.senderName, payload.text, payload.encrypted === true);
    else if (event === "user-left") console.log(payload.participantId, payload.reason);
  }
});
socket.on("user-joined", ({ participant, polite, seq }) => console.log(participant.role === "host", polite, seq + 1));
socket.on("room-left", ({ reason, action }) => console.log(reason === "kicked", action === "rejoin"));
socket.on("request-failed", ({ event, error }) => console.log(event, error.code));
socket.emit("typing", { roomId, isTyping: true }, (ack) => ack.ok || console.log(ack.error.message));
socket.emit("typing", { roomId, isTyping: true });
socket.timeout(5000).emit("send-message", { roomId, text: "hi" });
"""

WRONG = {
    "an unknown field of an event": 'socket.on("message-received", (message) => console.log(message.txt));',
    "an unknown event": 'socket.on("message", () => {});',
    "an unknown request": 'socket.emit("say", { roomId }, () => {});',
    "a misspelt field of a request": 'socket.emit("send-message", { roomId, txt: "hi" }, () => {});',
    "a misspelt field without an acknowledgement": 'socket.emit("send-message", { roomId, txt: "hi" });',
    "an unknown request without an acknowledgement": 'socket.emit("say", { roomId });',
    "a missing field": 'socket.emit("send-message", { roomId }, () => {});',
    "a field of the wrong type": 'socket.emit("typing", { roomId, isTyping: "yes" }, () => {});',
    "the wrong kind of description": (
        'socket.emit("offer", { roomId, description: { type: "answer", sdp: "v=0" } }, () => {});'
    ),
    "data of an unchecked acknowledgement": (
        'socket.emitWithAck("send-message", { roomId, text: "" }).then((ack) => ack.data.id);'
    ),
    "an error code that does not exist": (
        'socket.on("request-failed", ({ error }) => console.log(error.code === "FULL"));'
    ),
    "a state of a room that does not exist": 'console.log(joined.room.status === "closed");',
    "a host that may be missing": "console.log(joined.room.hostId.length);",
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, node: str) -> dict[str, list[str]]:
    """source file → what the TypeScript compiler says of it, for all of them in one run."""
    folder = tmp_path_factory.mktemp("site")
    for file in published():
        (folder / file.name).write_text(file.text)
    (folder / "node_modules").symlink_to(PACKAGES)
    (folder / "package.json").write_text('{"type": "module"}')
    sources = {"client.ts": CLIENT, **{wrong_file(mistake): line for mistake, line in WRONG.items()}}
    for name, source in sources.items():
        (folder / name).write_text(HEAD + source)
    command = [str(PACKAGES / ".bin" / "tsc"), *OPTIONS, *sources]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100 * PACE, check=False)
    errors = [line for line in run.stdout.splitlines() if "error TS" in line]
    assert run.returncode != 0
    assert all(line.startswith(tuple(sources)) for line in errors), run.stdout
    return {name: [line for line in errors if line.startswith(name)] for name in sources}


def wrong_file(mistake: str) -> str:
    return mistake.replace(" ", "_") + ".ts"


def test_real_client_code_compiles(said: dict[str, list[str]]) -> None:
    assert said["client.ts"] == []


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_does_not_compile(said: dict[str, list[str]], mistake: str) -> None:
    # One error, in our line: everything before it is right.
    (error,) = said[wrong_file(mistake)]
    assert error.startswith(f"{wrong_file(mistake)}({len(HEAD.splitlines()) + 1},")


CLIENT_HEAD = """
import { io } from "socket.io-client";
import { checkKey, joinRoom, lookUpRoom, MayflyError, parseLink, type MayflyErrorCode } from "@mayfly/client";
import type { ErrorCodeOf, JoinErrorCode } from "@mayfly/client";
import type { Room } from "@mayfly/client";
import { makeClient } from "@mayfly/client/client";
import type { ClientToServerEvents, ServerToClientEvents } from "@mayfly/client/events";
import { type Socket } from "socket.io-client";
declare const link: string;
declare const socket: Socket<ServerToClientEvents, ClientToServerEvents>;
"""
CLIENT_USE = """
const { openRoom, createRoom, checkInvite } = makeClient(io);
const room = openRoom(link, { name: "Ada" });
export const words: Partial<Record<MayflyErrorCode, string>> = { KEY_MISSING: "incomplete", ROOM_FULL: "full" };
export async function go(): Promise<string | null> {
  const { hostLink } = await createRoom({ capacity: 2 });
  if ((await checkInvite(link)).usesLeft === 0) return "used";
  const kicked = room.request("kick", { participantId: "x" });
  await kicked.catch(({ code }: { code: ErrorCodeOf<"kick"> }) => code === "PEER_NOT_FOUND");
  const { deliveredTo } = await room.request("broadcast", { type: "wave", data: { hand: "left" } }, { timeoutMs: 500 });
  const urls = (await room.request("get-ice-servers")).iceServers.map(({ urls }) => urls);
  console.log(deliveredTo + 1, urls.length);
  await room.joined.catch(({ code }: { code: JoinErrorCode }) => code === "KNOCK_REFUSED" || code === "INVITE_USED");
  socket.on("user-joined", ({ participant }) => console.log(participant.name));
  socket.emit("typing", { roomId: room.id, isTyping: true });
  const problem = await checkKey(await lookUpRoom(link), parseLink(link).e2e);
  if (problem === "KEY_WRONG") return problem;
  try {
    await joinRoom(hostLink);
  } catch (error) {
    if (error instanceof MayflyError && error.code === "DEVICE_BLOCKED") return words[error.code] ?? null;
  }
  return room.getSnapshot().participants.find(({ unsealed }) => unsealed)?.name ?? null;
}
"""
CLIENT_WRONG = {
    "a code of another request": 'export const is = (code: ErrorCodeOf<"kick">) => code === "POLL_CLOSED";',
    "a request of which there are no codes": 'export const codes: ErrorCodeOf<"say">[] = [];',
    "a request that nobody knows": 'export const said = (room: Room) => room.request("say", { text: "hi" });',
    "a request without what it needs": 'export const said = (room: Room) => room.request("kick");',
    "a field that it does not take": 'export const said = (room: Room) => room.request("kick", { who: "x" });',
    "data that it does not answer with": (
        'export const said = (room: Room) => room.request("pin-message", { id: null }).then(({ at }) => at);'
    ),
    "an event of a socket of one's own": 'socket.on("message", () => {});',
    "a request of a socket of one's own": 'socket.emit("send-message", { roomId: "x", txt: "hi" });',
    "a code that nobody has": 'export const is = (error: MayflyError) => error.code === "KEY_LOST";',
    "a client made of something else": "makeClient(42);",
    "a client that is no room": "makeClient(io).sendMessage(link);",
    "what has to be made first": 'import { openRoom } from "@mayfly/client/client"; openRoom(link);',
}


def test_the_types_of_the_client_hold(tmp_path: Path, node: str) -> None:
    packages = tmp_path / "node_modules"
    (packages / "@mayfly").mkdir(parents=True)
    (packages / "@mayfly" / "client").symlink_to(ROOT / "client")
    (packages / "socket.io-client").symlink_to(ROOT / "client" / "node_modules" / "socket.io-client")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    sources = {"use.ts": CLIENT_USE, **{wrong_file(mistake): line for mistake, line in CLIENT_WRONG.items()}}
    for name, source in sources.items():
        (tmp_path / name).write_text(CLIENT_HEAD + source)
    command = [str(PACKAGES / ".bin" / "tsc"), *OPTIONS, *sources]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100 * PACE, check=False)
    errors = [line for line in run.stdout.splitlines() if "error TS" in line]
    line = len(CLIENT_HEAD.splitlines()) + 1
    assert sorted(error.split(",")[0] for error in errors) == sorted(
        f"{wrong_file(mistake)}({line}" for mistake in CLIENT_WRONG
    ), run.stdout


def test_the_codes_of_the_client_are_those_that_it_has_words_for() -> None:
    (union,) = re.findall(r"type ClientErrorCode =(.*?);", (ROOT / "client" / "index.d.ts").read_text(), re.DOTALL)
    (table,) = re.findall(r"CLIENT_CODES = .*?\{(.*?)\}\)", (ROOT / "client" / "errors.js").read_text(), re.DOTALL)
    assert re.findall(r'"(\w+)"', union) == re.findall(r"^  (\w+):", table, re.MULTILINE)
    scripts = [path.read_text() for path in client_scripts()]
    made = {code for text in scripts for code in re.findall(r'"(DEVICE_\w+)"', text)}
    made |= {code for text in scripts for code in re.findall(r'MayflyError\("(\w+)"', text)}
    # What the client refuses before it asks the server has the server's own code.
    assert made - {code.value for code in Code} <= set(re.findall(r"^  (\w+):", table, re.MULTILINE))


async def test_the_files_are_served(server: Server) -> None:
    for file in published():
        answer = await server.call("GET", f"/{file.name}", headers={"Origin": server.url})
        assert answer.status == 200
        assert answer.text == file.text
        assert answer.headers["Content-Type"] == f"{file.media_type}; charset=utf-8"
        assert answer.headers["Access-Control-Allow-Origin"] == server.url
