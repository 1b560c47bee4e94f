import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { h, installTestMedia, isPreact, parts, probe, provider, rendered, server, until } from "./react-stage.js";

const { Chat, Controls, Invite, PreJoin, RoomProvider, Stage, Tile, useCall, useDevices, useInvites, useMessages, usePreview, useRoom } = parts;

const media = (t, options) => {
  const installed = installTestMedia(options);
  t.after(() => installed.restore());
  return installed;
};
const attributes = (found) => [...found].map((one) => one.getAttribute("data-participant"));

test("one room for the tree, joined once, and left with it", async (t) => {
  const memory = server(t);
  const [outer, one] = probe(() => useRoom());
  const [inner, two] = probe(() => useRoom());
  const zoe = await memory.join(memory.hostLink, { name: "Zoe" });
  const { unmount } = await rendered(t, provider(memory.link, [h("div", { key: 1 }, one), h("div", { key: 2 }, two)]));
  await until(() => outer.now.status === "joined" && inner.now.status === "joined");
  assert.equal(outer.now.roomObject, inner.now.roomObject);
  assert.deepEqual(zoe.getSnapshot().participants.map(({ name }) => name), ["Ada"]);
  await unmount();
  await until(() => zoe.getSnapshot().participants.length === 0);
});

test("outside of a provider there is no room, and nothing throws", async (t) => {
  const [room, one] = probe(() => useRoom());
  const [talk, two] = probe(() => useMessages());
  const [call, three] = probe(() => useCall());
  const [invites, four] = probe(() => useInvites());
  const all = [one, two, three, four, h(Stage), h(Controls), h(Chat), h(Invite)];
  const { container } = await rendered(t, all.map((each, key) => h("div", { key }, each)));
  assert.equal(room.now.status, "idle");
  assert.equal(await talk.now.send("to nobody"), null);
  assert.equal(call.now.start(), undefined);
  assert.equal(await invites.now.make(), null);
  assert.deepEqual([invites.now.link, invites.now.canMake], [null, false]);
  assert.equal(container.querySelector("[data-part=invite] button").disabled, true);
  for (const name of ["stage", "controls", "chat"]) assert.equal(container.querySelector(`[data-part=${name}]`), null);
});

test("a link that is none is said, and takes nothing down", async (t) => {
  const [room, one] = probe(() => useRoom());
  await rendered(t, provider("no link at all", [h("div", { key: 1 }, one), h(Invite, { key: 2 }), h(Chat, { key: 3 })]));
  await until(() => room.now.status === "failed");
  assert.equal(room.now.error.code, "LINK_INVALID");
});

test("messages: said, edited, reacted to, deleted and undone; what fails is state", async (t) => {
  const memory = server(t);
  const zoe = await memory.join(memory.hostLink, { name: "Zoe" });
  const [talk, one] = probe(() => ({ ...useMessages(), status: useRoom().status }));
  await rendered(t, provider(memory.link, one));
  const theirs = () => zoe.getSnapshot().messages;
  await until(() => talk.now.status === "joined");
  const key = await talk.now.send("Helo");
  await until(() => talk.now.messages[0]?.state === "sent");
  assert.equal(talk.now.messages[0].key, key);
  await talk.now.edit(key, "Hello");
  await talk.now.react(key, "👍");
  await until(() => theirs()[0]?.text === "Hello" && theirs()[0].reactions?.length === 1);
  zoe.setTyping(true);
  await until(() => talk.now.typing.length === 1);
  assert.equal(talk.now.typing[0].name, "Zoe");
  talk.now.remove(key);
  await until(() => talk.now.messages[0].deleting === "undoable");
  talk.now.undo(key);
  await until(() => !talk.now.messages[0].deleting);
  talk.now.remove(key, { undoMs: 0 });
  await until(() => talk.now.messages.length === 0 && theirs().length === 0);
  assert.equal(await talk.now.send("x".repeat(4_001)), null);
  await until(() => talk.now.error?.code === "MESSAGE_TOO_LONG");
  await talk.now.send("short");
  await until(() => talk.now.error === null);
});

test("Chat shows what is said as text, sends what is typed, and offers to send again what failed", async (t) => {
  const memory = server(t);
  const zoe = await memory.join(memory.hostLink, { name: "Zoe" });
  const { find, button, fire, container } = await rendered(t, provider(memory.link, h(Chat, { className: "mine" })));
  await until(() => find("[data-part=chat]"));
  assert.equal(find("[data-part=chat]").className, "mine");
  zoe.sendMessage("<b>Hi</b>");
  await until(() => find("li p"));
  assert.equal(find("li p").textContent, "<b>Hi</b>");
  await until(() => zoe.getSnapshot().reads[zoe.getSnapshot().participants[0].id] === zoe.getSnapshot().messages[0].seq);
  const say = async (text) => {
    find("input").value = text;
    await fire(find("form"), "submit");
  };
  await say("  ");
  await say("Hello Zoe");
  assert.equal(find("input").value, "");
  await until(() => zoe.getSnapshot().messages.some(({ text }) => text === "Hello Zoe"));
  assert.equal(zoe.getSnapshot().messages.length, 2);
  memory.refuse("send-message", "FORBIDDEN");
  await say("Refused");
  await until(() => button("Send again"));
  await fire(button("Send again"), "click");
  await until(() => zoe.getSnapshot().messages.some(({ text }) => text === "Refused"));
  await until(() => [...container.querySelectorAll("li")].every((line) => line.getAttribute("data-state") === "sent"));
  const before = container.querySelectorAll("li").length;
  await fire([...container.querySelectorAll("button")].findLast(({ textContent }) => textContent === "Delete"), "click");
  await until(() => button("Undo"));
  await fire(button("Undo"), "click");
  await until(() => !button("Undo"));
  assert.equal(container.querySelectorAll("li").length, before);
  await say("y".repeat(4_001));
  await until(() => find("input").value.length === 4_001);
  assert.match(find("[role=status]").textContent, /too long/);
});

test("Chat shows a message that is seen once when asked to, and who has read one's own", async (t) => {
  const memory = server(t);
  const zoe = await memory.join(memory.hostLink, { name: "Zoe" });
  const [talk, one] = probe(() => useMessages());
  const { find, button, fire } = await rendered(t, provider(memory.link, [h("div", { key: 1 }, one), h(Chat, { key: 2 })]));
  await until(() => find("[data-part=chat]"));
  zoe.sendMessage("only once", { viewOnce: true });
  await until(() => button("Show (once)"));
  assert.doesNotMatch(find("[role=log]").textContent, /only once/);
  await fire(button("Show (once)"), "click");
  await until(() => find("[role=note]"));
  assert.match(find("[role=note]").textContent, /Zoe: only once/);
  await until(() => zoe.getSnapshot().messages.length === 0);
  assert.doesNotMatch(find("[role=log]").textContent, /only once/);
  await fire(button("Close"), "click");
  await until(() => !find("[role=note]"));
  await talk.now.send("Read me");
  const last = await until(() => zoe.getSnapshot().messages.find(({ text }) => text === "Read me"));
  zoe.markRead(last.seq);
  await until(() => find("[role=log]").textContent.includes("Seen by Zoe"));
});

test("Stage and Controls: into the call, muted, out again; a device that is blocked is said", async (t) => {
  const devices = media(t);
  const memory = server(t);
  const zoe = await memory.join(memory.hostLink, { name: "Zoe" });
  const { find, button, fire, container } = await rendered(t, provider(memory.link, [h(Stage, { key: 1 }), h(Controls, { key: 2 })]));
  await until(() => find("[data-part=controls]"));
  assert.equal(button("End for all"), undefined, "only for hosts");
  const [self] = attributes(container.querySelectorAll("[data-self]"));
  assert.deepEqual(attributes(container.querySelectorAll("[data-part=tile]")), [self, zoe.getSnapshot().self.id]);
  assert.equal(find("[data-part=stage]").getAttribute("data-count"), "2");
  await fire(button("Join call"), "click");
  await zoe.call.start();
  await until(() => container.querySelectorAll("[data-picture=yes]").length === 2);
  await until(() => find(`[data-participant="${zoe.getSnapshot().self.id}"]`).getAttribute("data-state") === "connected");
  const video = find(`[data-participant="${zoe.getSnapshot().self.id}"] video`);
  assert.equal(video.srcObject.getTracks().length, 2);
  const own = find("[data-self] video");
  assert.ok(own.muted || own.hasAttribute("muted"));
  await zoe.call.setScreen(true);
  await until(() => find("[data-screen-of]"));
  assert.match(find("[data-screen-of] figcaption").textContent, /Screen of Zoe/);
  await zoe.call.setScreen(false);
  await until(() => !find("[data-screen-of]"));
  assert.equal(button("Microphone").getAttribute("aria-pressed"), "true");
  await fire(button("Microphone"), "click");
  await until(() => find("[data-self] figcaption").textContent.includes("muted"));
  await until(() => button("Microphone").getAttribute("aria-pressed") === "false");
  await fire(button("Camera"), "click");
  await until(() => button("Camera").getAttribute("aria-pressed") === "false");
  devices.devices.failing.video = "NotAllowedError";
  await fire(button("Camera"), "click");
  await until(() => find("[data-part=controls] [role=status]").textContent.includes("not to allow"));
  await fire(button("Leave call"), "click");
  await until(() => button("Join call"));
  assert.deepEqual(devices.devices.live.length, 2, "only Zoe's are on");
  zoe.call.stop();
  await fire(button("Leave"), "click");
  await until(() => zoe.getSnapshot().participants.length === 0);
});

test("a host ends the room from the controls", async (t) => {
  const memory = server(t);
  const [room, one] = probe(() => useRoom());
  const { button, fire } = await rendered(t, provider(memory.hostLink, [h("div", { key: 1 }, one), h(Controls, { key: 2 })]));
  await until(() => button("End for all"));
  assert.equal(button("Join call"), undefined, "without WebRTC nobody is offered a call");
  await fire(button("End for all"), "click");
  await until(() => room.now.ending?.reason === "room-ended");
});

test("a provider enters the call once, with what was wished for", async (t) => {
  media(t);
  const memory = server(t);
  const [call, one] = probe(() => useCall());
  await rendered(t, provider(memory.link, one, { call: { audio: true, video: false } }));
  await until(() => call.now.active && call.now.audio);
  assert.equal(call.now.video, false);
  call.now.stop();
  await until(() => !call.now.active);
});

test("PreJoin tells name and wish; what it opened is closed when it goes", async (t) => {
  const { devices } = media(t);
  const entries = [];
  const prejoin = h(PreJoin, { onJoin: (entry) => entries.push(entry), name: "Ada", password: true });
  const { find, button, fire, unmount, container } = await rendered(t, prejoin);
  assert.equal(devices.opened.length, 0, "nothing is opened by itself");
  find("input[name=name]").value = " Ada L. ";
  await fire(find("form"), "submit");
  assert.deepEqual(entries, [{ name: "Ada L.", call: null }]);
  await fire(button("Camera"), "click");
  await until(() => find("video")?.srcObject);
  devices.failing.audio = "NotFoundError";
  await fire(button("Microphone"), "click");
  await until(() => find("[role=alert]").textContent.includes("No such device"));
  assert.equal(button("Microphone").getAttribute("aria-pressed"), "false");
  devices.failing.audio = null;
  await fire(button("Microphone"), "click");
  await until(() => devices.live.length === 2);
  assert.equal(container.querySelectorAll("select").length, 0, "one device is no choice");
  devices.plugIn("videoinput", "another camera");
  await until(() => container.querySelectorAll("option").length === 2);
  find("input[type=password]").value = "sesame";
  await fire(find("form"), "submit");
  assert.deepEqual(entries[1], { name: "Ada L.", password: "sesame", call: { audio: true, video: true, devices: {} } });
  await unmount();
  await until(() => devices.live.length === 0);
});

test("usePreview opens the device that was chosen, and says so in its wish", async (t) => {
  const { devices } = media(t);
  devices.plugIn("videoinput", "another camera");
  const [preview, one] = probe(() => usePreview());
  const { unmount } = await rendered(t, one);
  await until(() => preview.now.cameras.length === 2);
  preview.now.set("video", true);
  await until(() => preview.now.stream);
  preview.now.choose("video", "another camera");
  await until(() => preview.now.stream?.getVideoTracks()[0].deviceId === "another camera");
  assert.deepEqual(preview.now.wish, { audio: false, video: true, devices: { video: "another camera" } });
  preview.now.set("video", false);
  await until(() => preview.now.stream === null);
  await unmount();
  await until(() => devices.live.length === 0);
});

test("useDevices lists, chooses for a call to come, and exchanges in one that goes on", async (t) => {
  const { devices } = media(t);
  devices.plugIn("videoinput", "another camera");
  const memory = server(t);
  const [chosen, one] = probe(() => useDevices());
  const [call, two] = probe(() => useCall());
  const { find } = await rendered(t, provider(memory.link, [h("div", { key: 1 }, one), h("div", { key: 2 }, two), h(Controls, { key: 3, devices: true })]));
  await until(() => chosen.now.cameras.length === 2 && find("select"));
  chosen.now.choose("video", "another camera");
  await until(() => chosen.now.chosen.video === "another camera");
  assert.equal(devices.opened.length, 0);
  await call.now.start({ devices: chosen.now.chosen });
  await until(() => call.now.video);
  assert.equal(devices.live.find(({ kind }) => kind === "video").deviceId, "another camera");
  chosen.now.choose("video", "camera");
  await until(() => chosen.now.chosen.video === "camera" && devices.live.some(({ deviceId }) => deviceId === "camera"));
  devices.unplug("another camera");
  await until(() => chosen.now.cameras.length === 1);
  devices.failing.video = "NotReadableError";
  chosen.now.choose("video", "no such one");
  await until(() => chosen.now.error?.code.startsWith("DEVICE_"));
});

test("useInvites makes one when asked, sees it used, withdraws another, and fails as state", async (t) => {
  const memory = server(t, { inviteOnly: true });
  const [invites, one] = probe(() => useInvites({ site: "https://site.test" }));
  await rendered(t, provider(memory.hostLink, one));
  await until(() => invites.now.canMake);
  assert.deepEqual([invites.now.link, invites.now.invites], [null, []]);
  const first = await invites.now.make();
  assert.match(first.link, /^https:\/\/site\.test\/r\//);
  await until(() => invites.now.invites.length === 1);
  assert.deepEqual([invites.now.invites[0].state, invites.now.invites[0].link], ["open", first.link]);
  await memory.join(first.link.replace("https://site.test", memory.url), { name: "Ben" });
  await until(() => invites.now.invites[0].state === "used");
  const second = await invites.now.make({ uses: 2 });
  await until(() => invites.now.invites.length === 2);
  await invites.now.revoke(second.inviteId);
  await until(() => invites.now.invites.some(({ inviteId, state }) => inviteId === second.inviteId && state === "revoked"));
  await assert.rejects(memory.join(second.link.replace("https://site.test", memory.url)), { code: "INVITE_INVALID" });
  memory.goOffline();
  assert.equal(await invites.now.make(), null);
  await until(() => invites.now.error?.code === "CONNECTION_LOST");
  memory.goOnline();
});

test("Invite shows the link that it copies; a guest of a closed room has none to hand on", async (t) => {
  const memory = server(t, { inviteOnly: true });
  const copied = [];
  navigator.clipboard = { writeText: async (text) => void copied.push(text) };
  const host = await rendered(t, provider(memory.hostLink, h(Invite, { site: memory.url })));
  await until(() => host.button("Copy link") && !host.button("Copy link").disabled);
  assert.equal(copied.length, 0, "none is made by looking");
  await host.fire(host.button("Copy link"), "click");
  await until(() => host.find("li[data-state=open]"));
  assert.equal(host.find("[role=status]").textContent, copied[0]);
  const guest = await rendered(t, provider(copied[0], h(Invite), { options: { name: "Ben" } }));
  await until(() => host.find("li[data-state=used]"));
  assert.equal(guest.button("Copy link").disabled, true);
  await host.fire(host.button("Copy link"), "click");
  await until(() => host.button("Withdraw"));
  navigator.clipboard = undefined;
  await host.fire(host.button("Withdraw"), "click");
  await until(() => host.find("li[data-state=revoked]"));
});

test("Invite hands on the link of an open room, without the host's key", async (t) => {
  const memory = server(t);
  const { find, button, fire } = await rendered(t, provider(memory.hostLink, h(Invite, { site: "https://site.test/" })));
  await until(() => button("Copy link") && !button("Copy link").disabled);
  await fire(button("Copy link"), "click");
  await until(() => find("[role=status]").textContent);
  assert.equal(find("[role=status]").textContent, `https://site.test/r/${memory.roomId}`);
});

test("the example of docs/client.md is a whole room", async (t) => {
  const { transform } = await import("../../web/node_modules/esbuild/lib/main.js");
  const page = await readFile(new URL("../../docs/client.md", import.meta.url), "utf8");
  const [, example] = /```jsx\n(import \{ useState \}.*?)```/s.exec(page);
  const { code } = await transform(`${example}\nexport { Page };`, { loader: "jsx", format: "cjs", jsxFactory: "h", jsxFragment: "Fragment" });
  const module = { exports: {} };
  const packages = { react: await import("react"), "@mayfly/client/react": parts };
  new Function("require", "module", "h", "Fragment", code)((name) => packages[name], module, h, packages.react.Fragment);
  const memory = server(t);
  const zoe = await memory.join(memory.hostLink, { name: "Zoe" });
  const { find, fire } = await rendered(t, h(module.exports.Page, { link: memory.link }));
  find("input[name=name]").value = "Ada";
  await fire(find("form"), "submit");
  await until(() => find("[data-part=chat]") && find("[data-part=stage]") && find("[data-part=controls]") && find("[data-part=invite]"));
  assert.deepEqual(zoe.getSnapshot().participants.map(({ name }) => name), ["Ada"]);
});

test("words and tiles of one's own", async (t) => {
  const memory = server(t);
  const Own = ({ participant, isSelf }) => h("b", null, participant.name, isSelf && "!");
  const words = { leave: "Gehen", people: "Leute" };
  const inside = [h(Stage, { key: 1, tile: Own }), h(Controls, { key: 2, words: { leave: "Weg" } }), h(Controls, { key: 3 })];
  const { find, button } = await rendered(t, provider(memory.link, inside, { words }));
  await until(() => find("b"));
  assert.equal(find("b").textContent, "Ada!");
  assert.equal(find("[data-part=stage]").getAttribute("aria-label"), "Leute");
  assert.ok(button("Weg") && button("Gehen"));
});

test("on a server every part is rendered, and says nothing of a room that is not there yet", async () => {
  const { renderToString } = isPreact ? await import("preact-render-to-string") : await import("react-dom/server");
  const said = [];
  const { error } = console;
  console.error = (...words) => said.push(words.join(" "));
  const person = { id: "p", name: "Ada", role: "member", connected: false, joinedAt: "", media: {}, inCall: false };
  const inside = [Stage, Controls, Chat, Invite].map((part, key) => h(part, { key }));
  const html = renderToString(h(RoomProvider, { link: "https://mayfly.test/r/0123456789" }, inside, h(PreJoin, { key: 8, onJoin() {} }), h(Tile, { key: 9, participant: person })));
  console.error = error;
  assert.match(html, /^<div data-part="invite">.*disabled/);
  assert.match(html, /<form data-part="prejoin">.*Your name/);
  assert.match(html, /<figcaption><bdi>Ada<\/bdi>.*reconnecting/);
  assert.doesNotMatch(html, /data-part="(stage|controls|chat)"/);
  assert.deepEqual(said, []);
});
