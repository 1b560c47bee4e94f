"use client";

import { Session } from "@mayfly/client";
import { use, useEffect, useState } from "react";
import { Room } from "./room";

export default function RoomPage({ params }: { params: Promise<{ roomId: string }> }) {
  const { roomId } = use(params);
  const [entry, setEntry] = useState<{ link: string; name?: string }>();
  useEffect(() => {
    // After a reload this tab takes its seat back without a question.
    if (new Session(roomId).load()) setEntry({ link: location.href });
  }, [roomId]);
  if (entry) return <Room {...entry} />;
  return (
    <main className="card">
      <h1>Come in</h1>
      <form action={(form) => setEntry({ link: location.href, name: String(form.get("name")) })}>
        <label>
          Your name <input name="name" required maxLength={64} autoComplete="nickname" />
        </label>
        <button>Join</button>
      </form>
    </main>
  );
}
