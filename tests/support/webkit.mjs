// A real WebKit (WebKitGTK's MiniBrowser) for tests, by WebKitWebDriver and the W3C WebDriver protocol, on a screen of its own.
// It has no WebRTC: a browser that can chat and cannot call.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { PACE } from "./pace.mjs";

const BROWSER = process.env.MINIBROWSER ?? "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
const START_LIMIT_MS = 20_000 * PACE;
const SCREEN = "1280x900x24";

/** One page of one browser, with the few names of other drivers' pages: `goto`, `evaluate`; `close()` ends all of it. */
export async function launchWebKit() {
  const screen = await startScreen();
  const port = await freePort();
  const driver = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
    env: { ...process.env, DISPLAY: screen.display, GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_COMPOSITING_MODE: "1" },
    stdio: "ignore",
  });
  const stop = () => {
    driver.kill();
    screen.process.kill();
  };
  try {
    const session = await newSession(port);
    return {
      errors: [],
      goto: (url) => session("url", { url }),
      evaluate: (action, ...args) => session("execute/async", { script: ASYNC.replace("ACTION", String(action)), args }).then(unwrap),
      async close() {
        await session("", undefined, "DELETE").catch(() => {});
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

const ASYNC = `
  const done = arguments[arguments.length - 1];
  const given = [...arguments].slice(0, -1);
  Promise.resolve().then(() => (ACTION)(...given)).then((value) => done({ value: value ?? null }), (error) => done({ error: String(error) }));
`;

function unwrap({ value, error }) {
  if (error) throw new Error(error);
  return value;
}

/** An X server without a screen; it says itself which display is free. */
async function startScreen() {
  const process_ = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", SCREEN, "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const number = await new Promise((resolve, reject) => {
    process_.on("error", reject);
    process_.stdio[3].once("data", (text) => resolve(String(text).trim()));
    setTimeout(() => reject(new Error("Xvfb did not start")), START_LIMIT_MS).unref();
  });
  return { process: process_, display: `:${number}` };
}

/** @returns a function that sends a command of the new session */
async function newSession(port) {
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary: BROWSER, args: ["--automation"] } } };
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      const { sessionId } = await command(port, "POST", "/session", { capabilities });
      const send = (path, body, method = "POST") => command(port, method, `/session/${sessionId}${path && `/${path}`}`, body);
      await send("timeouts", { script: START_LIMIT_MS });
      return send;
    } catch (error) {
      if (error.cause?.code !== "ECONNREFUSED" || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function command(port, method, path, body) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${path}: ${value?.message ?? response.status}`);
  return value;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
