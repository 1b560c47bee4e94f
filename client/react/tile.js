/** One person, or a shared screen: a picture with a name below it. */

import { createElement as h, useEffect, useRef } from "react";
import { useWords } from "./words.js";

/**
 * A `<figure data-part="tile" data-participant="…">` with a `<video>`, an initial where there is no picture (`data-picture="no"`), and
 * the name. Whatever else is given (`className`, `onClick`, …) goes to the figure.
 * @param {{
 *   participant: import("../index.js").Participant,
 *   stream?: MediaStream | null,
 *   isSelf?: boolean,
 *   isScreen?: boolean,
 *   state?: import("../index.js").PeerState,
 *   words?: Partial<import("./words.js").Words>,
 *   children?: import("react").ReactNode,
 *   [attribute: string]: any,
 * }} props `isSelf`: without sound. `state`: of the call with this one
 */
export function Tile({ participant, stream = null, isSelf = false, isScreen = false, state, words, children, ...rest }) {
  const said = useWords(words);
  const hasPicture = Boolean(stream) && (isScreen || Boolean(participant.media.video));
  const about = {
    "data-part": "tile",
    // A screen is not one more person.
    [isScreen ? "data-screen-of" : "data-participant"]: participant.id,
    "data-self": isSelf ? "yes" : undefined,
    "data-picture": hasPicture ? "yes" : "no",
    "data-state": state,
  };
  return h(
    "figure",
    { ...about, ...rest },
    !hasPicture && h("span", { "aria-hidden": true }, [...participant.name][0]),
    h(Video, { stream, muted: isSelf || isScreen }),
    h(
      "figcaption",
      null,
      isScreen && `${said.screenOf} `,
      h("bdi", null, participant.name),
      isSelf && ` ${said.you}`,
      notes(participant, { stream, state, isScreen }, said).map((note) => ` · ${note}`),
    ),
    children,
  );
}

function notes({ connected, media }, { stream, state, isScreen }, said) {
  const mutes = stream && !isScreen && !media.audio && said.muted;
  return [mutes, !connected && said.away, connected && state === "failed" && said.failed].filter(Boolean);
}

/** @param {{stream: MediaStream | null, muted: boolean}} props */
export function Video({ stream, muted }) {
  const element = useRef(/** @type {HTMLVideoElement | null} */ (null));
  useEffect(() => {
    const video = element.current;
    // Setting the same stream again would make the picture flicker.
    if (video && video.srcObject !== stream) video.srcObject = stream;
  }, [stream]);
  return h("video", { ref: element, autoPlay: true, playsInline: true, muted });
}
