// Real pages of Chromium, or of Firefox (`node pages.mjs firefox`), under a Python test's command, each a person in a
// room with Mayfly's own client.
// See browser_pages.py, its other half: a line of JSON in, one out.
import { createInterface } from "node:readline";
import { launchBrowser, loseDevice, watchErrors } from "../../support/browser.mjs";
import { launchFirefoxLikeChromium } from "../../support/firefox.mjs";
import { PACE } from "../../support/pace.mjs";

const LOAD_LIMIT_MS = 30_000 * PACE;
const inFirefox = process.argv[2] === "firefox";
const browser = inFirefox
  ? await launchFirefoxLikeChromium()
  : await launchBrowser({ args: ["--autoplay-policy=no-user-gesture-required"] });
const pages = new Map();
const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");

// Runs in the page: what a person does and sees. /health is a page without a script of its own.
const KIT = `
  window.person = {
    problems: [],
    async enter(link, name, rtc) {
      const { joinRoom } = await import("/client/browser.js");
      const { hash } = new URL(link);
      this.room = await joinRoom(location.origin + new URL(link).pathname + hash, { name, call: { rtc } });
      this.room.call.on("error", (error) => this.problems.push(String(error)));
      this.room.call.on("signal-refused", ({ event, error }) => this.problems.push(event + ": " + error.code));
      this.iceErrors = [];
      this.room.call.on("peer-connection", ({ pc }) => {
        this.pc = pc;
        pc.addEventListener("icecandidateerror", ({ errorCode }) => this.iceErrors.push(errorCode));
      });
      this.room.call.subscribe(() => this.listen());
      return this.room.getSnapshot().self.id;
    },
    // Chromium decodes audio only where something plays it.
    players: new Map(),
    listen() {
      for (const { participantId, stream } of this.room.call.getSnapshot().peers) {
        const player = this.players.get(participantId) ?? new Audio();
        this.players.set(participantId, player);
        if (player.srcObject === stream) continue;
        player.srcObject = stream;
        if (stream) player.play().catch(() => {});
      }
    },
    // The ICE credentials in use; a restart makes new ones (RFC 8445, section 2.4).
    ufrag() {
      return /a=ice-ufrag:(\\S+)/.exec(this.pc?.currentLocalDescription?.sdp ?? "")?.[1] ?? "";
    },
    // What comes from each peer, by participant id.
    async media() {
      const seen = {};
      const states = new Map(this.room.call.getSnapshot().peers.map((p) => [p.participantId, p.state]));
      for (const [id, report] of await this.room.call.getStats()) {
        const entry = (seen[id] = { state: states.get(id), frames: 0, bytes: 0, energy: 0, pair: null });
        const byId = new Map();
        for (const stat of report.values()) byId.set(stat.id, stat);
        for (const stat of report.values()) {
          if (stat.type === "inbound-rtp" && stat.kind === "video") {
            entry.frames += stat.framesDecoded ?? 0;
            entry.bytes += stat.bytesReceived ?? 0;
          }
          if (stat.type === "inbound-rtp" && stat.kind === "audio") entry.energy += stat.totalAudioEnergy ?? 0;
          // Firefox has no transport statistics: its pair in use says so itself.
          const pairId = stat.type === "transport" ? stat.selectedCandidatePairId : stat.selected ? stat.id : undefined;
          if (pairId) {
            const pair = byId.get(pairId);
            entry.pair = [pair?.localCandidateId, pair?.remoteCandidateId].map((c) => byId.get(c)?.candidateType);
          }
        }
      }
      return seen;
    },
  };
`;

const commands = {
  async open({ page: name, url }) {
    const context = await browser.newContext(inFirefox ? {} : { permissions: ["camera", "microphone"] });
    const page = await context.newPage();
    page.setDefaultTimeout(LOAD_LIMIT_MS);
    pages.set(name, { page, errors: watchErrors(page) });
    await page.goto(url + "/health");
    await page.evaluate(KIT);
  },
  async reload({ page: name }) {
    const { page } = pages.get(name);
    await page.reload();
    await page.evaluate(KIT);
  },
  async run({ page: name, code, arg }) {
    return pages.get(name).page.evaluate(`(${code})(${JSON.stringify(arg ?? null)})`);
  },
  loseDevice: ({ kind }) => loseDevice(browser, kind),
  errors: ({ page: name }) => pages.get(name).errors,
  async close({ page: name }) {
    await pages.get(name).page.context().close();
    pages.delete(name);
  },
};

async function run({ call, do: name, ...fields }) {
  try {
    print({ call, ok: true, data: (await commands[name](fields)) ?? null });
  } catch (error) {
    print({ call, ok: false, error: error.message });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line)));
lines.on("close", async () => {
  await browser.close();
  process.exit(0);
});
