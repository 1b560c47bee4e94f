/** What opens above the room: leaving, devices, and what the encryption means. */

import { h } from "./dom.js";
import { deviceWords, saveDevices } from "./device-words.js";
import { actionButton, openDialog } from "./parts.js";
import { fillSelect } from "./preview.js";

export function openLeave({ room, toast }) {
  const isHost = room.getSnapshot().self?.role === "host";
  openDialog({
    title: "Leave the room?",
    class: "small",
    body: (close) => [
      h("p", {}, isHost ? "You can leave and the room goes on, or end it: then everything in it is erased for everybody." : "Your seat is given up at once."),
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "button", type: "button", onclick: close }, "Stay"),
        isHost &&
          actionButton(
            "End for all",
            async () => {
              try {
                await room.end();
              } catch (error) {
                toast(error.message);
              }
              close();
            },
            { class: "button danger-quiet", busy: "Ending …" },
          ),
        actionButton("Leave", () => room.leave(), { class: "button danger", busy: "Leaving …" }),
      ),
    ],
  });
}

export async function openDevices({ client, room }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const select = (slot, label) => {
    const element = h("select", {
      id: `switch-${slot}`,
      onchange: async () => {
        problem.hidden = true;
        saveDevices({ [`${slot}Id`]: element.value });
        try {
          await room.call.switchDevice(slot, element.value);
        } catch (error) {
          problem.textContent = deviceWords(error, slot, { inside: true });
          problem.hidden = false;
        }
      },
    });
    return h("div", { class: "field" }, h("label", { htmlFor: `switch-${slot}` }, label), element);
  };
  const fields = { audio: select("audio", "Microphone"), video: select("video", "Camera") };
  const none = h("p", { class: "hint", hidden: true }, "No camera or microphone was found. You can chat, watch and listen.");
  openDialog({ title: "Devices", class: "small", body: [fields.audio, fields.video, none, problem] });
  const { cameras, microphones } = await client.listDevices();
  const stream = room.call.getSnapshot().localStream;
  for (const [slot, devices, track] of [
    ["audio", microphones, stream?.getAudioTracks()[0]],
    ["video", cameras, stream?.getVideoTracks()[0]],
  ]) {
    fillSelect(fields[slot].querySelector("select"), devices, track);
    fields[slot].hidden = devices.length === 0;
  }
  none.hidden = cameras.length + microphones.length > 0;
}

export function openEncryption(encrypted) {
  const words = encrypted
    ? [
        "Messages, names and calls are encrypted between the people in this room. The key is in the link, after the “#”, where no server sees it.",
        "So the link is the secret: whoever has it can read along. The server still sees who is connected from where, when, and how much is sent.",
        "The page itself comes from the server. Whoever runs the server could send you a different page.",
      ]
    : [
        "The link that brought you here has no key. Messages and names are encrypted on their way to the server, which can read them.",
        "Picture and sound are encrypted between browsers, but nothing proves whose they are.",
      ];
  openDialog({ title: encrypted ? "End-to-end encrypted" : "Not end-to-end encrypted", class: "small", body: words.map((text) => h("p", {}, text)) });
}
