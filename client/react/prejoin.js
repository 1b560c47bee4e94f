/** The way in: a name, and how one will be seen. */

import { createElement as h, useRef } from "react";
import { DeviceChoice } from "./device-choice.js";
import { usePreview } from "./devices.js";
import { Video } from "./tile.js";
import { useWords } from "./words.js";

/**
 * What `RoomProvider` takes: `name` and `password` among its options, `call` beside them (`null`: nothing was switched on).
 * @typedef {{name: string, password?: string, call: ReturnType<typeof usePreview>["wish"] | null}} Entry
 */

/**
 * A `<form data-part="prejoin">` that asks for a name. Camera and microphone can be tried before; nothing is opened by itself, and
 * all is closed again when the call takes over.
 * @param {{
 *   onJoin: (entry: Entry) => void,
 *   name?: string,
 *   password?: boolean,
 *   devices?: boolean,
 *   words?: Partial<import("./words.js").Words>,
 *   children?: import("react").ReactNode,
 *   [attribute: string]: any,
 * }} props `name`: what stands there at first. `password`: ask for one, too. `devices`: `false` asks for the name alone.
 *   `children`: before the button
 */
export function PreJoin({ onJoin, name, password = false, devices = true, words, children, ...rest }) {
  const said = useWords(words);
  const preview = usePreview();
  const [nameField, passwordField] = [useRef(null), useRef(null)];
  const submit = (event) => {
    event.preventDefault();
    const { audio, video } = preview.wish;
    const secret = /** @type {any} */ (passwordField.current)?.value;
    onJoin({
      name: /** @type {any} */ (nameField.current).value.trim(),
      ...(secret && { password: secret }),
      call: audio || video ? preview.wish : null,
    });
  };
  const about = { ref: nameField, name: "name", required: true, maxLength: 64, autoComplete: "nickname", defaultValue: name };
  return h(
    "form",
    { "data-part": "prejoin", onSubmit: submit, ...rest },
    devices && h(Preview, { preview, said, words }),
    h("label", null, `${said.yourName} `, h("input", about)),
    password && h("label", null, `${said.password} `, h("input", { ref: passwordField, type: "password", required: true })),
    children,
    h("button", null, said.join),
  );
}

/** @param {{preview: ReturnType<typeof usePreview>, said: import("./words.js").Words, words?: any}} props */
function Preview({ preview, said, words }) {
  const { stream, errors, wish, microphones, cameras, set, choose } = preview;
  const toggle = (slot, label) => {
    const isOn = wish[slot];
    return h("button", { type: "button", "aria-pressed": isOn, onClick: () => set(slot, !isOn) }, label);
  };
  const problems = [errors.audio, errors.video].map((error) => error?.message).filter(Boolean).join(" ");
  return h(
    "div",
    { "data-part": "preview" },
    wish.video && h("figure", { "aria-label": said.preview }, h(Video, { stream, muted: true })),
    toggle("audio", said.microphone),
    toggle("video", said.camera),
    wish.audio && h(DeviceChoice, { slot: "audio", devices: microphones, chosen: wish.devices.audio, choose, words }),
    wish.video && h(DeviceChoice, { slot: "video", devices: cameras, chosen: wish.devices.video, choose, words }),
    h("p", { role: "alert" }, problems),
  );
}
