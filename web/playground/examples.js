/**
 * What there is to choose from: two scripts that run side by side, each a module of its own. Besides the client they have
 * `give(value)` and `await take()`, by which the two tell each other something, and `print(…)`.
 */

const BEN_JOINS = `import { joinRoom } from "@mayfly/client";

const room = await joinRoom(await take(), { name: "Ben" });
`;
const ADA_MAKES = `import { createRoom, joinRoom } from "@mayfly/client";

const { link, hostLink } = await createRoom({ capacity: 2 });
const room = await joinRoom(hostLink, { name: "Ada" });
`;

/** @type {{id: string, title: string, about: string, ada: string, ben: string}[]} */
export const EXAMPLES = [
  {
    id: "chat",
    title: "A first chat",
    about: "Ada makes a room and gives Ben its link. Both hear what the other says.",
    ada: `${ADA_MAKES}room.on("message", ({ senderName, text }) => print(\`\${senderName}: \${text}\`));
room.on("user-joined", ({ participant }) => {
  print(\`\${participant.name} is here\`);
  room.sendMessage("Hello Ben");
});
give(link);
`,
    ben: `${BEN_JOINS}room.on("message", ({ senderName, text }) => {
  print(\`\${senderName}: \${text}\`);
  room.sendMessage("Hello Ada");
});
`,
  },
  {
    id: "reactions",
    title: "Reactions",
    about: "Ben reacts to what Ada says, and takes it back.",
    ada: `${ADA_MAKES}room.on("reaction", ({ emoji, on }) => print(on ? \`Ben: \${emoji}\` : \`Ben took \${emoji} back\`));
room.on("user-joined", () => room.sendMessage("Shall we?"));
give(link);
`,
    ben: `${BEN_JOINS}room.on("message", async ({ key, text }) => {
  print(text);
  await room.react(key, "👍", true);
  await room.react(key, "👍", false);
  print("Reacted, and thought again");
});
`,
  },
  {
    id: "poll",
    title: "A poll",
    about: "Ada asks, Ben votes, and Ada closes the poll.",
    ada: `${ADA_MAKES}let told;
room.subscribe(() => {
  const [poll] = room.getSnapshot().polls;
  if (!poll) return;
  const tally = poll.options.map((option, number) => \`\${option}: \${poll.counts[number]}\`).join(", ");
  if (tally === told) return;
  print(told = tally);
  if (poll.counts.some((count) => count > 0)) room.closePoll(poll.pollId);
});
room.on("user-joined", () => room.createPoll({ question: "Tea or coffee?", options: ["Tea", "Coffee"] }));
give(link);
`,
    ben: `${BEN_JOINS}room.on("poll", ({ pollId, question }) => {
  print(question);
  room.vote(pollId, [0]);
});
const stop = room.subscribe(() => {
  if (!room.getSnapshot().polls[0]?.closed) return;
  print("It is closed");
  stop();
});
`,
  },
  {
    id: "edits",
    title: "Thinking again",
    about: "Ben would rather not: Ada edits what she said, then deletes it. On Ben’s screen it is gone, too.",
    ada: `${ADA_MAKES}let key;
room.on("user-joined", () => (key = room.sendMessage("Nine o’clock?")));
room.on("message", async ({ text }) => {
  print(text);
  await room.editMessage(key, "Ten o’clock?");
  await room.deleteMessage(key, { undoMs: 0 });
  print("Edited, and deleted");
});
give(link);
`,
    ben: `${BEN_JOINS}room.on("message", ({ text }) => {
  print(\`said: \${text}\`);
  room.sendMessage("So early?");
});
room.on("message-updated", ({ text }) => print(\`edited: \${text}\`));
room.on("message-deleted", ({ reason }) => print(\`gone: \${reason}\`));
`,
  },
  {
    id: "lobby",
    title: "A knock at the door",
    about: "The room has a lobby: Ben waits until Ada, its host, lets him in.",
    ada: `import { createRoom, joinRoom } from "@mayfly/client";

const { link, hostLink } = await createRoom({ capacity: 2, lobby: true });
const room = await joinRoom(hostLink, { name: "Ada" });
room.on("knock", async ({ knockId, name }) => {
  print(\`\${name} knocks\`);
  await room.answerKnock(knockId, true);
});
room.on("user-joined", ({ participant }) => print(\`\${participant.name} is in\`));
give(link);
`,
    ben: `import { openRoom } from "@mayfly/client";

const room = openRoom(await take(), { name: "Ben" });
let last;
room.subscribe(() => {
  const { status } = room.getSnapshot();
  if (status !== last) print(status);
  last = status;
});
await room.joined;
`,
  },
  {
    id: "people",
    title: "Who is here",
    about: "Ada changes her name and points at something; Ben sees both, and leaves.",
    ada: `${ADA_MAKES}room.on("user-joined", async () => {
  await room.updateSelf({ name: "Ada L.", attributes: { team: "blue" } });
  await room.broadcast("pointer", { x: 3, y: 4 });
});
room.on("user-left", ({ reason }) => print(\`Ben is gone: \${reason}\`));
give(link);
`,
    ben: `${BEN_JOINS}room.on("user-updated", ({ participant }) => print(participant.name, participant.attributes));
room.on("broadcast", async ({ type, data }) => {
  print(type, data);
  await room.leave();
});
`,
  },
  {
    id: "once",
    title: "Seen once",
    about: "Ada says something that can be seen once. When Ben has seen it, it is gone for both.",
    ada: `${ADA_MAKES}room.on("user-joined", () => room.sendMessage("The code is 4711", { viewOnce: true }));
room.on("message-deleted", ({ reason }) => print(\`gone: \${reason}\`));
give(link);
`,
    ben: `${BEN_JOINS}room.on("message", async ({ key, text, viewOnce }) => {
  print({ text, viewOnce });
  print((await room.viewMessage(key)).text);
});
`,
  },
  {
    id: "host",
    title: "A host’s rights",
    about: "Ada pins a message of Ben’s, locks the room, and puts Ben out.",
    ada: `${ADA_MAKES}room.on("message", async ({ key, text }) => {
  print(text);
  await room.pinMessage(key);
  await room.lock(true);
  const [ben] = room.getSnapshot().participants;
  await room.kick(ben.id);
  print("Ben is out");
});
give(link);
`,
    ben: `${BEN_JOINS}room.on("room-updated", ({ room: { status, pinnedMessageId } }) => print(status, pinnedMessageId ? "pinned" : "none"));
room.on("left", ({ ending }) => print(ending.reason));
room.sendMessage("Read the rules");
`,
  },
  {
    id: "end",
    title: "The end",
    about: "Ada ends the room for everybody. Its link then leads nowhere.",
    ada: `${ADA_MAKES}room.on("user-joined", async () => {
  await room.end();
  print("The room is over");
});
give(link);
`,
    ben: `import { joinRoom } from "@mayfly/client";

const link = await take();
const room = await joinRoom(link, { name: "Ben" });
room.on("left", async ({ ending }) => {
  print(ending.reason);
  await joinRoom(link, { name: "Ben" }).catch(({ code }) => print(code));
});
`,
  },
];
