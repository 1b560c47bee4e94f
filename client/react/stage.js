/** Everybody in a room, and what they share. */

import { createElement as h } from "react";
import { useCall } from "./call.js";
import { useRoom } from "./room.js";
import { Tile } from "./tile.js";
import { useWords } from "./words.js";

/**
 * A `<section data-part="stage" data-count="…">` of tiles: shared screens first, then oneself, then the others. Nothing before
 * one is inside.
 * @param {{
 *   tile?: import("react").ComponentType<any>,
 *   words?: Partial<import("./words.js").Words>,
 *   [attribute: string]: any,
 * }} props `tile`: in place of `Tile`, with the same props
 */
export function Stage({ tile = Tile, words, ...rest }) {
  const { self, participants } = useRoom();
  const { peers, localStream } = useCall();
  const said = useWords(words);
  if (!self) return null;
  const seen = participants.map((participant) => ({ participant, peer: peers.find(({ participantId }) => participantId === participant.id) }));
  // A stream stays after the sharing, for the next.
  const screens = seen.filter(({ participant, peer }) => participant.media.screen && peer?.screenStream);
  return h(
    "section",
    { "data-part": "stage", "data-count": participants.length + 1 + screens.length, "aria-label": said.people, ...rest },
    screens.map(({ participant, peer }) =>
      h(tile, { key: `screen of ${participant.id}`, participant, stream: peer?.screenStream, isScreen: true, words }),
    ),
    h(tile, { key: self.id, participant: self, stream: localStream, isSelf: true, words }),
    seen.map(({ participant, peer }) =>
      h(tile, { key: participant.id, participant, stream: peer?.stream ?? null, state: peer?.state, words }),
    ),
  );
}
