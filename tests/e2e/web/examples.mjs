// The examples of the playground, without a browser: node examples.mjs URL EXPECTED. What each person's script printed, by example.
import { EXAMPLES } from "../../../web/playground/examples.js";
import { PACE } from "../../support/pace.mjs";

const LIMIT_MS = 15_000 * PACE;
/** What is printed beyond what was expected comes by then. */
const QUIET_MS = 200;
const [url, expected] = process.argv.slice(2);
const wanted = JSON.parse(expected);
const CLIENT = new URL("../../../client/index.js", import.meta.url).href;

globalThis.location = { origin: new URL(url).origin, href: url };
globalThis.people = {};

class Person {
  printed = [];
  #given = [];
  #taking = [];
  print = (...values) => this.printed.push(values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" "));
  give = (value) => this.other.hear(value);
  take = () => new Promise((resolve) => (this.#given.length > 0 ? resolve(this.#given.shift()) : this.#taking.push(resolve)));
  hear = (value) => (this.#taking.length > 0 ? this.#taking.shift()(value) : this.#given.push(value));
}

async function play({ id, ada, ben }) {
  const people = [new Person(), new Person()];
  [people[0].other, people[1].other] = [people[1], people[0]];
  await Promise.all(
    [ada, ben].map((code, number) => {
      const name = `${id}-${number}`;
      globalThis.people[name] = people[number];
      const text = `const { print, give, take } = globalThis.people["${name}"];\n${code.replaceAll('"@mayfly/client"', JSON.stringify(CLIENT))}`;
      return import(`data:text/javascript,${encodeURIComponent(text)}`);
    }),
  );
  // Both have run to their last line; what they hear goes on.
  const started = Date.now();
  const done = () => people.every(({ printed }, number) => printed.length >= wanted[id][number].length);
  while (!done() && Date.now() - started < LIMIT_MS) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  return people.map(({ printed }) => printed);
}

const printed = {};
for (const example of EXAMPLES) printed[example.id] = await play(example);
console.log(JSON.stringify(printed));
process.exit(0);
