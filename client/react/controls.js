/** What is switched on and off in a room, and the ways out of it. */

import { createElement as h } from "react";
import { canCall, canShareScreen } from "../call/devices.js";
import { useAttempt } from "./attempt.js";
import { useCall } from "./call.js";
import { DeviceChoice } from "./device-choice.js";
import { useDevices } from "./devices.js";
import { useRoom } from "./room.js";
import { useWords } from "./words.js";

/**
 * A `<div role="group" data-part="controls">` of buttons, and a line of status (`role="status"`) that says what went wrong. Nothing
 * before one is inside.
 * @param {{
 *   devices?: boolean,
 *   words?: Partial<import("./words.js").Words>,
 *   children?: import("react").ReactNode,
 *   [attribute: string]: any,
 * }} props `devices`: with lists of microphones and cameras. `children`: between the buttons of the call and those that lead out
 */
export function Controls({ devices = false, words, children, ...rest }) {
  const room = useRoom();
  const call = useCall();
  const said = useWords(words);
  const [error, attempt] = useAttempt();
  const { self, roomObject } = room;
  if (!self || !roomObject) return null;
  const press = (label, action, more) => h("button", { type: "button", onClick: () => void attempt(action), ...more }, label);
  const isHost = self.role === "host";
  return h(
    "div",
    { role: "group", "data-part": "controls", "aria-label": said.controls, ...rest },
    canCall() && callButtons(call, said, press),
    devices && h(Devices, { words }),
    children,
    press(said.leave, () => roomObject.leave(), { "data-press": "leave" }),
    isHost && press(said.end, () => roomObject.end(), { "data-press": "end" }),
    h("p", { role: "status" }, room.status === "reconnecting" ? said.reconnecting : problems(call, error)),
  );
}

/** A button shows what was wished for last, and a press turns that around. */
function callButtons({ active, wanted, start, stop, setAudio, setVideo, setScreen }, said, press) {
  if (!active) return press(said.joinCall, () => start(), { key: "call", "data-press": "call" });
  const toggle = (slot, label, set) =>
    press(label, () => set(!wanted[slot]), { key: slot, "data-press": slot, "aria-pressed": wanted[slot] });
  return [
    toggle("audio", said.microphone, setAudio),
    toggle("video", said.camera, setVideo),
    canShareScreen() && toggle("screen", said.shareScreen, setScreen),
    press(said.leaveCall, () => stop(), { key: "call", "data-press": "call" }),
  ];
}

/** @param {{words?: any}} props */
function Devices({ words }) {
  const { microphones, cameras, chosen, choose, error } = useDevices();
  return [
    h(DeviceChoice, { key: "audio", slot: "audio", devices: microphones, chosen: chosen.audio, choose, words }),
    h(DeviceChoice, { key: "video", slot: "video", devices: cameras, chosen: chosen.video, choose, words }),
    error && h("p", { key: "error", role: "alert" }, error.message),
  ];
}

const problems = ({ errors }, error) => [...Object.values(errors), error].map((each) => each?.message).filter(Boolean).join(" ");
