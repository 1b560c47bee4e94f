// The scripts of docs/client-examples.md: what they are, and what each of their `tell(…)` has to be given.
import { readFileSync } from "node:fs";
import * as client from "../../client/index.js";
import { PACE } from "./pace.mjs";

const PAGE = new URL("../../docs/client-examples.md", import.meta.url);
const GIVEN = ["server", "link", "hostLink", "ada", "ben", "tell", "once"];
const TOLD = /\btell\((.*)\);? \/\/ (.*)$/;
export const LIMIT_MS = 15_000 * PACE;

/** @returns {{title: string, code: string, wanted: unknown[][]}[]} each with its heading; `wanted` in the order of the page */
export function examples() {
  const found = [];
  let title = "";
  for (const [, heading, script] of readFileSync(PAGE, "utf8").matchAll(/^## (.*)$|^```js\n([\s\S]*?)^```$/gm)) {
    if (heading) title = heading;
    else found.push({ title, ...example(script) });
  }
  return found;
}

/** Each `tell` gets the number of its line, since what is told by events comes in any order. */
function example(script) {
  const wanted = [];
  const lines = script.split("\n").map((line, number) => {
    const [, , comment] = line.match(TOLD) ?? [];
    if (comment === undefined) return line;
    for (const values of comment.split(", then ")) wanted.push([number, ...JSON.parse(`[${values}]`)]);
    return line.replace(/\btell\(/, `tell(${number}, `);
  });
  return { code: lines.join("\n"), wanted };
}

/** By lines; of one line in the order told. */
export const inOrder = (told) => told.toSorted(([one], [other]) => one - other);

/** A script as the text of a function, which takes what `play` gives to it. */
export const asFunction = (code) => `async ({ ${[...Object.keys(client), ...GIVEN]} }) => {{ ${code}\n}}`;

/**
 * Runs in Node.js, or in a page: makes a room with two people, runs a script with them, and waits until it has told enough.
 * @param {{run: (names: object) => Promise<void>, count: number, limitMs: number}} script
 * @returns {Promise<unknown[][]>} what was told
 */
export async function play(client, server, { run, count, limitMs }) {
  const told = [];
  let wake;
  const within = (work, what) =>
    Promise.race([work, new Promise((_, reject) => setTimeout(() => reject(new Error(`${what}; told ${JSON.stringify(told)}`)), limitMs))]);
  const tell = (...values) => {
    told.push(values);
    if (told.length >= count) wake?.();
  };
  const once = (store, look) =>
    within(
      new Promise((resolve) => {
        const see = () => {
          if (!look(store.getSnapshot())) return;
          stop();
          resolve(store.getSnapshot());
        };
        const stop = store.subscribe(see);
        queueMicrotask(see);
      }),
      `never ${look}`,
    );
  const { link, hostLink } = await client.createRoom({ server, capacity: 4 });
  const ada = await client.joinRoom(hostLink, { name: "Ada", storage: null });
  const ben = await client.joinRoom(link, { name: "Ben", storage: null });
  await once(ada, ({ participants }) => participants.length === 1);
  const names = { ...client, server, link, hostLink, ada, ben, tell, once };
  const enough = new Promise((resolve) => (wake = resolve));
  await within(run(names), "the script never ends");
  if (told.length < count) await within(enough, "not all was told");
  const result = [...told]; // what follows is told as well
  for (const room of [ada, ben]) await room.leave();
  return result;
}
