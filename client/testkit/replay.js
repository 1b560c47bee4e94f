/** What one who was away is told of what happened meanwhile: each thing once, as it is now (docs/protocol.md). */

/** Of one's own, the snapshot tells. */
const COMINGS = new Set(["joined", "connected"]);

/** @param {{seq: number, event: string, payload: Function, audience: string[] | null, about: any}[]} missed in order @param {any} seat */
export function replayable(missed, seat) {
  const first = missed[0]?.seq ?? 0;
  const anew = new Set();
  const newest = new Map();
  const toggles = new Map();
  const kept = missed.filter((entry) => {
    const { event, about, audience } = entry;
    if (audience && !audience.includes(seat.id)) return false;
    const { subject } = about;
    if (subject?.gone && event !== "message-deleted" && event !== "poll-deleted") return false;
    if (event === "message-received" || event === "poll-created") {
      if (event === "message-received" && subject.sender === seat.id) return false;
      anew.add(subject);
    } else if (event === "message-deleted") return subject.seq < first || subject.sender === seat.id;
    else if (event === "poll-deleted") return subject.seq < first;
    else if (subject && anew.has(subject)) return false;
    else if (about.member === seat.id && COMINGS.has(about.change)) return false;
    const state = stateOf(entry);
    if (state) {
      newest.set(state, entry.seq);
      toggles.set(state, (toggles.get(state) ?? 0) + 1);
    }
    return true;
  });
  return kept.filter((entry) => isLastWord(entry, newest, toggles)).map(({ event, payload }) => ({ event, payload: payload(seat) }));
}

/** What a state belongs to: of several changes of it the last is told. */
function stateOf({ event, about }) {
  if (event === "user-updated") return `member ${about.member}`;
  if (event === "message-updated") return `edit ${about.subject.id}`;
  if (event === "reaction-changed") return `reaction ${about.subject.id} ${about.by} ${about.emoji}`;
  if (event === "poll-updated") return `poll ${about.subject.id}`;
  return null;
}

function isLastWord(entry, newest, toggles) {
  const state = stateOf(entry);
  if (!state) return true;
  // Switched twice, it is as it was seen last.
  return newest.get(state) === entry.seq && (entry.event !== "reaction-changed" || toggles.get(state) % 2 === 1);
}
