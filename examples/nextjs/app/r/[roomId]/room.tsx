import { buildLink, parseLink } from "@mayfly/client";
import { useCall, useRoom } from "@mayfly/client/react";
import Link from "next/link";
import { useEffect } from "react";
import { server } from "../../mayfly";
import { Chat } from "./chat";
import { Controls } from "./controls";
import { Tile } from "./tile";

const ENDINGS: Record<string, string> = {
  left: "You have left.",
  kicked: "A host has removed you.",
  banned: "A host has removed you.",
  replaced: "This room is open in another tab.",
  "room-ended": "A host has ended this room.",
  "room-expired": "The time of this room is up.",
};

/** This site's word for its visitor, where it is set up to give one. */
async function joinToken(link: string, name?: string) {
  const { roomId } = parseLink(link);
  const answer = await fetch("/api/token", { method: "POST", body: JSON.stringify({ roomId, name }) });
  return answer.status === 200 ? ((await answer.json()) as { token: string }).token : null;
}

export function Room({ link, name }: { link: string; name?: string }) {
  const room = useRoom(link, { server, name, token: () => joinToken(link, name) });
  const call = useCall(room.roomObject);
  const { status, self, roomObject } = room;

  useEffect(() => {
    // The session of this tab has the secrets from now on; a link copied from the address bar must not have them.
    const { roomId, e2e } = parseLink(link);
    if (status === "joined") history.replaceState(null, "", buildLink({ site: location.origin, roomId, e2e }));
  }, [status, link]);
  useEffect(() => {
    let isCurrent = true;
    // Back after a reload in the middle of a call: into it again, as before.
    void roomObject?.joined.then(({ getSnapshot, call }) => {
      const { resumed, self } = getSnapshot();
      const [audio, video] = [Boolean(self?.media.audio), Boolean(self?.media.video)];
      if (isCurrent && resumed && (audio || video)) void call.start({ audio, video });
    }, () => {}); // Why it failed is in the snapshot.
    return () => {
      isCurrent = false;
    };
  }, [roomObject]);

  if (!self || !roomObject || status === "left" || status === "failed") {
    const over = room.ending && (ENDINGS[room.ending.reason] ?? "This room is over.");
    const waiting = status === "waiting" ? "Waiting for a host to let you in …" : "Joining …";
    return (
      <main className="card">
        <p role="status">{over ?? room.error?.message ?? waiting}</p>
        {room.ending?.reason === "replaced" && <button onClick={() => roomObject?.takeBack()}>Use it here</button>}
        <Link href="/">Make another room</Link>
      </main>
    );
  }
  return (
    <main className="room">
      <Controls link={link} state={room} room={roomObject} call={call} isHost={self.role === "host"} />
      <section className="tiles" aria-label="People">
        <Tile participant={self} stream={call.localStream} isSelf />
        {room.participants.map((other) => {
          const peer = call.peers.find(({ participantId }) => participantId === other.id);
          return <Tile key={other.id} participant={other} stream={peer?.stream ?? null} />;
        })}
      </section>
      <Chat room={roomObject} messages={room.messages} />
    </main>
  );
}
