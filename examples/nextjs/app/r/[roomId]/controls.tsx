import { buildLink, createInvite, parseLink, Session, type Room } from "@mayfly/client";
import type { RoomState, useCall } from "@mayfly/client/react";
import { useState } from "react";
import { explain, server } from "../../mayfly";

type Props = { link: string; state: RoomState; room: Room; call: ReturnType<typeof useCall>; isHost: boolean };

export function Controls({ link, state, room, call, isHost }: Props) {
  const [notice, setNotice] = useState("");
  const inviteOnly = state.room?.inviteOnly ?? false;
  const attempt = (action: () => unknown) => async () => {
    try {
      await action();
    } catch (error) {
      setNotice(explain(error));
    }
  };
  const share = async () => {
    const where = { server, site: location.origin, roomId: room.id };
    const { e2e } = parseLink(link);
    const hostKey = new Session(room.id).load()?.hostKey;
    const invite = inviteOnly && hostKey ? await createInvite({ ...where, hostKey, encryptionKey: e2e }) : null;
    const shared = invite?.link ?? buildLink({ ...where, e2e });
    setNotice(shared);
    await navigator.clipboard.writeText(shared);
  };
  const problems = Object.values(call.errors).map((error) => error?.message);
  const toggle = (label: string, on: boolean, set: typeof call.setAudio) => (
    <button aria-pressed={on} onClick={attempt(() => set(!on))}>
      {label}
    </button>
  );
  return (
    <header>
      <h1>Room</h1>
      <button onClick={attempt(share)} disabled={inviteOnly && !isHost}>Copy link</button>
      {call.active && toggle("Microphone", call.audio, call.setAudio)}
      {call.active && toggle("Camera", call.video, call.setVideo)}
      <button onClick={attempt(() => (call.active ? call.stop() : call.start()))}>
        {call.active ? "Leave call" : "Join call"}
      </button>
      <button onClick={attempt(() => room.leave())}>Leave</button>
      {isHost && <button onClick={attempt(() => room.end())}>End for all</button>}
      <p role="status">{state.status === "reconnecting" ? "Reconnecting …" : [notice, ...problems].join(" ")}</p>
    </header>
  );
}
