// A conversation that holds a certain word in every place where words go. The word is put together here, so that the
// Python process of the test, which runs the server too, knows it from the server alone.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";
import { PACE } from "../../support/pace.mjs";

const ACK_LIMIT_MS = 5_000 * PACE;
const WORD = ["planted", "in", "memory"].join("-");

let url, roomId, hostKey, sockets;

async function call(method, path, body) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${hostKey}` };
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
}

async function member(name, fields) {
  const socket = io(url, { forceNew: true, reconnection: false, transports: ["websocket"] });
  sockets.push(socket);
  const answer = await socket.timeout(ACK_LIMIT_MS).emitWithAck("join-room", { roomId, name, ...fields });
  if (!answer.ok) throw new Error(answer.error.code);
  return { id: answer.data.self.id, socket, ask: (event, body) => ask(socket, event, body) };
}

async function ask(socket, event, body) {
  const answer = await socket.timeout(ACK_LIMIT_MS).emitWithAck(event, { roomId, ...body });
  if (!answer.ok) throw new Error(`${event}: ${answer.error.code}`);
  return answer.data;
}

const commands = {
  async talk({ server }) {
    url = server;
    sockets = [];
    ({ roomId, hostKey } = await call("POST", "/api/rooms", { lobby: true, password: WORD }));
    const { invite } = await call("POST", `/api/rooms/${roomId}/invites`, { uses: 2 });
    const ada = await member(`${WORD} Ada`, { hostKey });
    const ben = await member(`${WORD} Ben`, { invite, password: WORD, clientJoinId: `${WORD} of Ben` });
    const away = await member(`${WORD} away`, { invite, password: WORD });
    const knocking = io(url, { forceNew: true, reconnection: false, transports: ["websocket"] });
    sockets.push(knocking);
    await ask(knocking, "knock", { name: `${WORD} at the door` });
    const gone = new Promise((resolve) => ada.socket.once("user-updated", resolve));
    away.socket.disconnect();
    await gone;
    for (let n = 0; n < 20; n++) await ben.ask("send-message", { text: `${WORD} ${n}`, clientMessageId: `${WORD} ${n}` });
    await ben.ask("send-message", { text: WORD, to: away.id });
    await ben.ask("offer", { to: away.id, description: { type: "offer", sdp: `v=0\r\ns=${WORD}\r\n` }, negotiationId: WORD });
    await ben.ask("ice-candidate", { to: ada.id, candidate: { candidate: `candidate:${WORD}` }, negotiationId: WORD });
    await ben.ask("typing", { isTyping: true });
    await call("POST", `/api/rooms/${roomId}/messages`, { text: WORD, senderName: WORD });
  },
  end: async () => (await call("DELETE", `/api/rooms/${roomId}`)).erased,
};

const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { call, do: name, ...fields } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ call, ok: true, data: (await commands[name](fields)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ call, ok: false, error: error.message.replaceAll(WORD, "the word") }));
  }
});
lines.on("close", () => process.exit(0));
