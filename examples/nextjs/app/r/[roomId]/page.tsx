"use client";

import { buildLink, parseLink, Session } from "@mayfly/client";
import { Chat, Controls, Invite, PreJoin, RoomProvider, Stage, useRoom, type Entry } from "@mayfly/client/react";
import Link from "next/link";
import { use, useEffect, useState } from "react";
import { server } from "../../mayfly";

const ENDINGS: Record<string, string> = {
  left: "You have left.",
  kicked: "A host has removed you.",
  banned: "A host has removed you.",
  replaced: "This room is open in another tab.",
  "room-ended": "A host has ended this room.",
  "room-expired": "The time of this room is up.",
};

/** This site's word for its visitor, where it is set up to give one. */
async function joinToken(roomId: string, name?: string) {
  const answer = await fetch("/api/token", { method: "POST", body: JSON.stringify({ roomId, name }) });
  return answer.status === 200 ? ((await answer.json()) as { token: string }).token : null;
}

export default function RoomPage({ params }: { params: Promise<{ roomId: string }> }) {
  const { roomId } = use(params);
  const [entry, setEntry] = useState<Partial<Entry> & { link: string }>();
  useEffect(() => {
    // After a reload this tab takes its seat back without a question.
    if (new Session(roomId).load()) setEntry({ link: location.href });
  }, [roomId]);
  if (!entry) {
    return (
      <main className="card">
        <h1>Come in</h1>
        <PreJoin onJoin={(wish) => setEntry({ ...wish, link: location.href })} />
      </main>
    );
  }
  const { link, name, call } = entry;
  return (
    <RoomProvider link={link} options={{ server, name, token: () => joinToken(roomId, name) }} call={call}>
      <Room link={link} />
    </RoomProvider>
  );
}

function Room({ link }: { link: string }) {
  const { status, self, ending, error, roomObject } = useRoom();
  useEffect(() => {
    // The session of this tab has the secrets from now on; a link copied from the address bar must not have them.
    const { roomId, e2e } = parseLink(link);
    if (status === "joined") history.replaceState(null, "", buildLink({ site: location.origin, roomId, e2e }));
  }, [status, link]);
  if (!self || status === "left" || status === "failed") {
    const over = ending && (ENDINGS[ending.reason] ?? "This room is over.");
    const waiting = status === "waiting" ? "Waiting for a host to let you in …" : "Joining …";
    return (
      <main className="card">
        <p role="status">{over ?? error?.message ?? waiting}</p>
        {ending?.reason === "replaced" && <button onClick={() => roomObject?.takeBack()}>Use it here</button>}
        <Link href="/">Make another room</Link>
      </main>
    );
  }
  return (
    <main className="room">
      <header>
        <h1>Room</h1>
        <Invite />
        <Controls devices />
      </header>
      <Stage />
      <Chat />
    </main>
  );
}
