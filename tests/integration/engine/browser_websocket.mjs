// One WebSocket of a real Chromium on a bare engine: what it agreed on, and what came back of what it sent.
// Usage: node browser_websocket.mjs WS_URL TEXT…    prints {extensions, came}
import { main } from "../../support/browser.mjs";

const [url, ...texts] = process.argv.slice(2);

/** Runs in the page: sends each text as a message, and gives what the engine echoes. */
function talk({ url, texts }) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const came = [];
    socket.onclose = (event) => reject(new Error(`closed with ${event.code}`));
    socket.onmessage = ({ data }) => {
      if (data[0] === "0") texts.forEach((text) => socket.send("4" + text));
      if (data[0] === "4") came.push(data.slice(1));
      if (came.length === texts.length) resolve({ extensions: socket.extensions, came });
    };
  });
}

await main(async (browser) => (await browser.newPage()).evaluate(talk, { url, texts }));
