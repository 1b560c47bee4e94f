// Lets a Python test drive a script step by step: each line of input is a command, answered by one line.
import { createInterface } from "node:readline";

/** @param {Record<string, (fields: any) => Promise<any>>} steps */
export async function serve(steps) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { call, do: step, ...fields } = JSON.parse(line);
    try {
      console.log(JSON.stringify({ call, ok: true, data: (await steps[step](fields)) ?? null }));
    } catch (error) {
      console.log(JSON.stringify({ call, ok: false, error: String(error.stack ?? error) }));
    }
  }
}
