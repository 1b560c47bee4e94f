"use client";
import { use, useEffect, useReducer } from "react";
import { io } from "socket.io-client";

const socket = io(process.env.NEXT_PUBLIC_MAYFLY_URL ?? "http://localhost:3001", { autoConnect: false });

export default function Room({ params }: { params: Promise<{ roomId: string }> }) {
  const { roomId } = use(params);
  const [lines, show] = useReducer((lines: string[], line: string) => [...lines, line], []);
  const say = (text: unknown) => { show(`Me: ${text}`); socket.emit("send-message", { roomId, text }); };
  useEffect(() => {
    const join = () => socket.emit("join-room", { roomId }); // While away it waits, and what is said waits behind it.
    join().on("message-received", (message) => show(`${message.senderName}: ${message.text}`));
    socket.on("request-failed", (failure) => show(failure.error.message)).on("disconnect", join).connect();
    return () => { socket.off().disconnect().sendBuffer = []; };
  }, [roomId]);
  return <form action={(form) => say(form.get("text"))}><pre>{lines.join("\n")}</pre><input name="text" /></form>;
}
