// Over HTTP/2 a browser streams a file as it is sealed: what comes has no length, and is the whole. node streamed.mjs URL CERT KEY
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createSecureServer } from "node:http2";
import { main } from "../../support/browser.mjs";
import { check, goIn, makeRoom, newPerson, openChat, sees } from "./pages.mjs";

const [url, cert, key] = process.argv.slice(2);
const BYTES = 9_000_000;
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "host"]);
const uploads = [];

/** What stands before a server: HTTP/2 outside, HTTP/1.1 inside. */
const front = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key), allowHTTP1: true }, (outside, answer) => {
  const { [":authority"]: host = outside.headers.host, ...given } = outside.headers;
  const headers = Object.fromEntries(Object.entries(given).filter(([name]) => !name.startsWith(":") && !HOP_BY_HOP.has(name)));
  if (outside.method === "POST" && outside.url.endsWith("/files")) uploads.push({ version: outside.httpVersion, length: headers["content-length"] ?? null });
  const options = { method: outside.method, headers: { ...headers, host, "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1" } };
  const inside = request(new URL(outside.url, url), options, (got) => {
    answer.writeHead(got.statusCode, Object.fromEntries(Object.entries(got.headers).filter(([name]) => !HOP_BY_HOP.has(name))));
    got.pipe(answer);
  });
  inside.on("error", () => answer.destroy?.());
  outside.pipe(inside);
});
await new Promise((resolve) => front.listen(0, "127.0.0.1", resolve));
const secure = `https://localhost:${front.address().port}`;

await main(
  async (browser) => {
    const ada = await newPerson(browser, { errors: false, devices: false, ignoreHTTPSErrors: true });
    await makeRoom(ada, secure);
    await goIn(ada, "Ada");
    await openChat(ada);
    await ada.locator(".composer input[type=file]").setInputFiles({ name: "long.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(BYTES, "x") });
    await ada.getByRole("textbox", { name: "Message" }).fill("streamed");
    await ada.getByRole("textbox", { name: "Message" }).press("Enter");
    await sees(ada, "streamed");
    await ada.locator(".message[data-state=sent]").waitFor();
    check(uploads.length === 1, `one upload, not ${JSON.stringify(uploads)}`);
    return uploads[0];
  },
  { args: ["--ignore-certificate-errors"] },
);
front.close();
process.exit();
