// The examples of docs/client-messages.md, run as they stand against a server: node documented.mjs URL
import { readFileSync } from "node:fs";
import { createRoom, joinRoom } from "../../../client/index.js";
import { PACE } from "../../support/pace.mjs";

const LIMIT_MS = 15_000 * PACE;
const PAGE = readFileSync(new URL("../../../docs/client-messages.md", import.meta.url), "utf8");
const [messages, files] = [...PAGE.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);

/** Runs a piece of code with these names in it; resolves to what `told` names of it. */
async function play(code, names, told) {
  globalThis.names = names;
  const text = `const { ${Object.keys(names)} } = globalThis.names;\n${code}\nexport { ${told} };`;
  return import(`data:text/javascript,${encodeURIComponent(text)}`);
}

/** Resolves to what `look` finds in a room. */
const once = (room, look) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not within ${LIMIT_MS} ms: ${look}`)), LIMIT_MS);
    const see = () => {
      const found = look(room.getSnapshot());
      if (!found) return;
      clearTimeout(late);
      stop();
      resolve(found);
    };
    const stop = room.subscribe(see);
    queueMicrotask(see);
  });
const saying = (text) => ({ messages: all }) => all.find((message) => message.text === text && message.state !== "sending");

const { link, hostLink } = await createRoom({ server: process.argv[2], capacity: 2 });
const room = await joinRoom(hostLink, { name: "Ada" });
const ben = await joinRoom(link, { name: "Ben" });
const seen = {};

ben.sendMessage("When?");
const other = await once(room, saying("When?"));
const refused = [];
const { key } = await play(messages, { room, other, tell: (words) => refused.push(words) }, "key");
const edited = await once(ben, saying("Ten o'clock?"));
seen.answers = edited.replyTo === other.id;
seen.reactions = (await once(ben, ({ messages: all }) => all.find(({ reactions }) => reactions?.length > 0))).reactions.map(({ emoji }) => emoji);
seen.undone = room.getSnapshot().messages.find((message) => message.key === key).deleting === undefined;
seen.refused = refused;

ben.sendFile(new File(["of Ben"], "ben.txt"), { text: "Mine" });
const message = await once(room, saying("Mine"));
const progress = [];
const names = { room, message, input: { files: [new File(["of Ada"], "ada.txt")] }, bar: (part) => progress.push(part), signal: new AbortController().signal };
const { blob } = await play(files, names, "blob");
seen.opened = await blob.text();
const plan = await once(ben, saying("The plan"));
seen.sent = await (await ben.openFile(plan, plan.attachments[0])).text();
seen.progress = progress.at(-1);
console.log(JSON.stringify(seen));
process.exit(0);
