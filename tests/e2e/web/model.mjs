// Several people say, edit, delete, react, ask and vote at random while their connections break: in the end all have the same
// picture, which is the server's as a newcomer gets it. node model.mjs URL SEED STEPS
import assert from "node:assert/strict";
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { EMOJI, makeClient } from "../../../client/client.js";
import { PACE } from "../../support/pace.mjs";

const [url, seed = "1", steps = "400"] = process.argv.slice(2);
const PEOPLE = 4;
const QUIET_LIMIT_MS = 20_000 * PACE;
/** From one step to the next in which somebody is cut off. */
const CUT_EVERY = 12;
/** Newcomers are given as many messages; more are not compared. */
const MAX_SAID = 45;

/** The same choices for the same seed (mulberry32). */
function randomFrom(start) {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) % below;
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function person(link, name) {
  const sockets = [];
  const connect = (...args) => {
    sockets.push(io(...args));
    return sockets.at(-1);
  };
  const room = await makeClient(connect).joinRoom(link, { name, storage: null });
  return { room, socket: sockets[0] };
}

const messagesOf = ({ room }) => room.getSnapshot().messages;
const mine = (who) => messagesOf(who).filter(({ own, state, deleting }) => own && state === "sent" && !deleting);
/** How many there are, also those that whoever is cut off has yet to send, or to hear of. */
function said(people) {
  const counts = people.map((who) => messagesOf(who).filter(({ state }) => state === "sent").length);
  const onTheirWay = people.map((who) => messagesOf(who).length).reduce((sum, count, at) => sum + count - counts[at], 0);
  return Math.max(...counts) + onTheirWay;
}
/** What is refused is taken back on screen; that the pictures are the same in the end says that it was. */
const quietly = (promise) => promise.catch(() => {});

const DEEDS = {
  say: (who, pick, step, people) => said(people) < MAX_SAID && who.room.sendMessage(`said in step ${step}`),
  edit: (who, pick, step) => pick(mine(who), ({ key }) => quietly(who.room.editMessage(key, `edited in step ${step}`))),
  delete: (who, pick) => pick(mine(who), ({ key }) => quietly(who.room.deleteMessage(key, { undoMs: 0 }))),
  react: (who, pick) => pick(messagesOf(who).filter(({ state }) => state === "sent"), ({ key }) => pick(EMOJI.slice(0, 3), ({ emoji }) => quietly(who.room.react(key, emoji)))),
  ask: (who, pick, step) => who.room.getSnapshot().polls.length < 3 && quietly(who.room.createPoll({ question: `asked in step ${step}`, options: ["a", "b", "c"], multiple: true })),
  vote: (who, pick) => pick(who.room.getSnapshot().polls, ({ pollId }) => quietly(who.room.vote(pollId, pick([[], [0], [1], [0, 2]], (choices) => choices)))),
};
const WEIGHTS = ["say", "say", "say", "edit", "edit", "delete", "react", "react", "react", "vote", "vote", "ask"];

function cut({ socket }, pick) {
  socket.disconnect();
  setTimeout(() => socket.connect(), pick([0, 30, 120, 400], (ms) => ms));
}

/** All the steps; returns how often somebody who was connected has been cut off. */
async function act(people, random, pick) {
  let cuts = 0;
  for (let step = 1; step <= Number(steps); step += 1) {
    const connected = people.filter(({ socket }) => socket.connected);
    if (step % CUT_EVERY === 0 && connected.length > 0) {
      pick(connected, (who) => cut(who, pick));
      cuts += 1;
    } else {
      DEEDS[WEIGHTS[random(WEIGHTS.length)]](people[random(PEOPLE)], pick, step, people);
    }
    if (random(3) === 0) await pause(random(40));
  }
  return cuts;
}

/** All that can be seen, and by whom it was done; times are each client's own until the server tells its. */
function picture({ room }) {
  const { messages, polls } = room.getSnapshot();
  return JSON.stringify([messages.map(told), polls.map(asked)]);
}
function told({ id, text, sender, senderName, editedAt, state, reactions = [] }) {
  const shown = reactions.map(({ emoji, count, participantIds }) => [emoji, count, [...participantIds].sort()]).sort();
  return [id, text, sender, senderName, Boolean(editedAt), state, shown];
}
const asked = ({ pollId, question, counts, votes, closed }) => [pollId, question, counts, Object.entries(votes).sort(), closed];

/** What one has and the other has not, line by line. */
function differing(who, newcomer) {
  const [a, b] = [who, newcomer].map(({ room }) => {
    const { messages, polls } = room.getSnapshot();
    return [...messages.map(told), ...polls.map(asked)].map((line) => JSON.stringify(line));
  });
  return [...a.filter((line) => !b.includes(line)).map((line) => `+ ${line}`), ...b.filter((line) => !a.includes(line)).map((line) => `- ${line}`)];
}

async function play(encrypt) {
  const random = randomFrom(Number(seed) + (encrypt ? 1_000 : 0));
  const pick = (list, then) => (list.length ? then(list[random(list.length)]) : undefined);
  const { link } = await makeClient(io).createRoom({ server: url, encrypt });
  const people = [];
  for (let at = 0; at < PEOPLE; at += 1) people.push(await person(link, `Person ${at}`));
  const cuts = await act(people, random, pick);
  for (const { socket } of people) socket.connect();
  const newcomer = await person(link, "Newcomer");
  const until = Date.now() + QUIET_LIMIT_MS;
  const same = () => new Set([newcomer, ...people].map(picture)).size === 1;
  const settled = () => people.every(({ room }) => messagesOf({ room }).every(({ state, deleting }) => state === "sent" && !deleting));
  while (!(same() && settled()) && Date.now() < until) await pause(50);
  for (const who of people) assert.deepEqual(differing(who, newcomer), []);
  for (const { room } of people) {
    const { self, messages, polls } = room.getSnapshot();
    for (const { reactions = [] } of messages) for (const { mine: own, participantIds } of reactions) assert.equal(own, participantIds.includes(self.id));
    for (const { mine: own, votes } of polls) assert.deepEqual([...own], votes[self.id] ?? []);
  }
  const heard = messagesOf(newcomer).length;
  for (const { room } of [newcomer, ...people]) await room.leave();
  return { said: heard, cuts };
}

console.log(JSON.stringify({ plain: await play(false), sealed: await play(true) }));
process.exit(0);
