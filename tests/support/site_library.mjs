// Drives @mayfly/server from Python: one JSON object in as an argument, one line of JSON out.
import * as mayfly from "../../client/server/index.js";

const { call, args } = JSON.parse(process.argv[2]);
try {
  console.log(JSON.stringify({ result: (await mayfly[call](...args)) ?? null }));
} catch ({ name, code, status }) {
  console.log(JSON.stringify({ error: { name, code, status } }));
}
