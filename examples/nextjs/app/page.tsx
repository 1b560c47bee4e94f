"use client";

import { createRoom } from "@mayfly/client";
import { useRouter } from "next/navigation";
import { useActionState } from "react";
import { explain } from "./mayfly";

export default function Home() {
  const router = useRouter();
  const [problem, makeRoom, busy] = useActionState(async (_: string, form: FormData) => {
    try {
      const site = location.origin;
      const { hostLink } = await createRoom({ server: site, site, inviteOnly: form.has("inviteOnly") });
      router.push(hostLink.slice(site.length));
      return "";
    } catch (error) {
      return explain(error);
    }
  }, "");
  return (
    <main className="card">
      <h1>A room for now</h1>
      <p>Make a room, send its link, talk. It is encrypted end to end, and gone when it is over.</p>
      <form action={makeRoom}>
        <label>
          <input type="checkbox" name="inviteOnly" /> Every link lets in one person, once
        </label>
        <button disabled={busy}>{busy ? "Making a room …" : "Make a room"}</button>
      </form>
      <p role="alert">{problem}</p>
    </main>
  );
}
