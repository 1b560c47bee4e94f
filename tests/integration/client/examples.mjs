// The scripts of docs/client-examples.md, but that of the call, one after the other: node examples.mjs URL
import { deepEqual } from "node:assert/strict";
import * as client from "../../../client/index.js";
import { LIMIT_MS, asFunction, examples, inOrder, play } from "../../support/doc_examples.mjs";

const ran = [];
for (const { title, code, wanted } of examples()) {
  if (title === "The call") continue;
  const { default: run } = await import(`data:text/javascript,${encodeURIComponent(`export default ${asFunction(code)}`)}`);
  const told = await play(client, process.argv[2], { run, count: wanted.length, limitMs: LIMIT_MS }).catch((error) => {
    throw new Error(`${title}: ${error.message}\n${code}`, { cause: error });
  });
  deepEqual(inOrder(told), inOrder(wanted), title);
  ran.push(title);
}
console.log(JSON.stringify(ran));
process.exit(0);
