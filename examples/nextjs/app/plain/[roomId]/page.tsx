"use client";
import { use, useEffect, useReducer } from "react";
import { io } from "socket.io-client";

const socket = io(process.env.NEXT_PUBLIC_MAYFLY_URL ?? "http://localhost:3001", { autoConnect: false });

export default function Room({ params }: { params: Promise<{ roomId: string }> }) {
  const { roomId } = use(params), [lines, show] = useReducer((all: string[], line: string) => [...all, line], []);
  const say = (text: unknown, id = `${Math.random()}`): unknown => socket.timeout(1e9).emit("send-message", { roomId, text,
    clientMessageId: id }, (lost: unknown, ack: { error?: Error }) => lost ? say(text, id) : ack.error && show(ack.error.message));
  useEffect(() => {
    const join = () => socket.emit("join-room", { roomId }); // While away it waits, and what is said waits behind it.
    join().on("message-received", (message) => show(`${message.senderName}: ${message.text}`));
    socket.on("request-failed", (failure) => show(failure.error.message)).on("disconnect", join).connect();
    return () => { socket.off().disconnect().sendBuffer = []; }; }, [roomId]);
  const send = (form: FormData) => { show(`Me: ${form.get("text")}`); say(form.get("text")); };
  return <form action={send}><pre>{lines.join("\n")}</pre><input name="text" /></form>;
}
