/** What the chat shows, in order: messages and polls, grouped by who speaks. Pure. */

/** Messages of one person within this time share a heading. */
const GROUP_MS = 3 * 60_000;

/**
 * @param {readonly any[]} messages @param {readonly any[]} polls
 * @returns {{key: string, message?: any, poll?: any, first?: boolean, lastOwn?: boolean}[]}
 */
export function timeline(messages, polls) {
  const waiting = [...polls].sort((a, b) => a.seq - b.seq);
  const rows = [];
  const shown = messages.filter(({ deleting }) => deleting !== "sent");
  const lastOwn = shown.findLast(({ own }) => own);
  let before = null;
  for (const message of shown) {
    while (waiting.length && isBefore(waiting[0], message)) {
      rows.push(rowOf(waiting.shift()));
      before = null;
    }
    rows.push({ key: message.key, message, first: !sameGroup(before, message), lastOwn: message === lastOwn });
    before = message;
  }
  return [...rows, ...waiting.map(rowOf)];
}

const rowOf = (poll) => ({ key: `poll:${poll.pollId}`, poll });

function isBefore(poll, { epoch, seq, state }) {
  if (state !== "sent") return true;
  return epoch === poll.epoch && seq > poll.seq;
}

function sameGroup(before, message) {
  if (!before || before.sender !== message.sender || before.own !== message.own || before.encrypted !== message.encrypted) return false;
  if (before.senderName !== message.senderName || before.unsealed !== message.unsealed) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP_MS;
}
