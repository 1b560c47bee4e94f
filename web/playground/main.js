/** The playground: two panes, a script in each, run side by side in frames of their own. Only a server in development has it. */

import { EXAMPLES } from "./examples.js";
import { Wire } from "./wire.js";

const MAX_LINES = 200;
const at = (id) => document.getElementById(id);

class Pane {
  #frame = null;
  #wire = null;
  #waiting = [];
  #name;

  constructor(name) {
    this.#name = name;
    this.script = at(`${name}-script`);
    this.lines = at(`${name}-lines`);
    addEventListener("message", ({ source, data }) => {
      if (this.#frame && source === this.#frame.contentWindow) this.#hear(data);
    });
  }

  run(client) {
    this.clear();
    this.#waiting = [{ type: "run", code: this.script.value, client }];
    this.#wire = new Wire((message) => this.tell(message));
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    Object.assign(frame, { src: "/playground/frame", title: `The script of ${this.#name}`, hidden: true });
    this.#frame = frame;
    document.body.append(frame);
  }

  stop() {
    this.#wire?.end();
    this.#frame?.remove();
    this.#frame = this.#wire = null;
  }

  /** Nothing runs, and nothing is left of what ran before. */
  clear() {
    this.stop();
    this.lines.replaceChildren();
  }

  /** What is told before the frame listens waits for it. */
  tell(message) {
    if (this.#waiting) this.#waiting.push(message);
    else this.#frame?.contentWindow.postMessage(message, "*");
  }

  #hear(data) {
    if (data.type === "print") this.#show(data);
    else if (data.type === "give") for (const other of panes) if (other !== this) other.tell({ type: "given", value: data.value });
    if (["fetch", "open", "send", "close"].includes(data.type)) this.#wire[data.type](data);
    if (data.type !== "ready" || !this.#waiting) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const message of waiting) this.tell(message);
  }

  #show({ kind, text }) {
    const line = document.createElement("p");
    line.textContent = text;
    if (kind === "failed") line.className = "problem";
    this.lines.append(line);
    while (this.lines.children.length > MAX_LINES) this.lines.firstElementChild.remove();
    line.scrollIntoView({ block: "nearest" });
  }
}

const panes = [new Pane("ada"), new Pane("ben")];

async function run() {
  const made = await fetch("/client/integrity.json");
  at("problem").hidden = made.ok;
  if (!made.ok) return;
  const { module } = await made.json();
  for (const pane of panes) pane.run(new URL(module.path, location.href).href);
}

function choose() {
  const { about, ada, ben } = EXAMPLES.find(({ id }) => id === at("example").value);
  at("about").textContent = about;
  for (const pane of panes) pane.clear();
  panes[0].script.value = ada;
  panes[1].script.value = ben;
}

at("example").append(...EXAMPLES.map(({ id, title }) => new Option(title, id)));
at("example").addEventListener("change", choose);
at("run").addEventListener("click", run);
at("stop").addEventListener("click", () => panes.forEach((pane) => pane.stop()));
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
choose();
