/** A document and React for tests in Node.js; Preact in its place where REACT says so. Not a test itself. */

import { parseHTML } from "linkedom";

const { window, document } = parseHTML("<!doctype html><html><body></body></html>");
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Node.js" }, configurable: true, writable: true });
Object.assign(globalThis, { window, document, HTMLElement: window.HTMLElement, Node: window.Node });
Object.assign(globalThis, { HTMLIFrameElement: class {} });
Object.defineProperty(document, "visibilityState", { value: "visible" });

export const isPreact = process.env.REACT === "preact";
const react = await import("react");
const { createRoot } = await import("react-dom/client");
export const { createElement: h, StrictMode } = react;
export const { installTestMedia, startTestServer } = await import("../testing.js");
export const parts = await import("../react.js");

const STEP_MS = 5;
/** Against hanging only. */
const LIMIT_MS = 10_000 * Number(process.env.TEST_PACE ?? 1);

/** Renders in Strict Mode; what React has to say against it fails the test. */
export async function rendered(t, element) {
  const said = [];
  const { error } = console;
  console.error = (...words) => said.push(words.join(" "));
  const container = document.body.appendChild(document.createElement("main"));
  const root = createRoot(container);
  const unmount = async () => {
    root.unmount();
    await settle();
    container.remove();
  };
  t.after(async () => {
    if (container.parentNode) await unmount();
    console.error = error;
    if (said.length) throw new Error(said.join("\n"));
  });
  const find = (selector) => container.querySelector(selector);
  const button = (label) => [...container.querySelectorAll("button")].find(({ textContent }) => textContent === label);
  const fire = async (target, type) => {
    target.dispatchEvent(new window.Event(type, { bubbles: true, cancelable: true }));
    await settle();
  };
  let isMounted = false;
  const Mounted = () => react.useEffect(() => void (isMounted = true)) ?? null;
  root.render(h(StrictMode, null, element, h(Mounted)));
  await until(() => isMounted);
  return { container, find, button, fire, unmount };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, STEP_MS));

/** Until something is so, letting React go on. */
export async function until(condition) {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const found = condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${condition}`);
    await settle();
  }
}

/** A server in memory, with a room in it. */
export function server(t, wish) {
  const running = startTestServer();
  t.after(() => running.stop());
  return Object.assign(running, running.makeRoom(wish));
}

/** Shows what a hook returns, in `seen.now`. */
export function probe(hook) {
  const seen = { now: /** @type {any} */ (null) };
  const Probe = () => {
    seen.now = hook();
    return null;
  };
  return [seen, h(Probe)];
}

/** In the room of this link, without anything that outlives the test. */
export const provider = (link, children, { options, ...more } = {}) =>
  h(parts.RoomProvider, { link, options: { storage: null, name: "Ada", ...options }, ...more }, children);
