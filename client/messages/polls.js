/** The polls of a room: what the server says of them, and asking, choosing and closing, seen at once. */

import { MayflyError } from "../errors.js";
import { openPoll, sealPoll } from "./sealed-poll.js";

const MAX_QUESTION_CHARS = 300;
const MAX_OPTION_CHARS = 100;

export class Polls {
  #port;
  /** Own choices: of an anonymous poll nobody tells them. */
  #mine = new Map();
  /** poll id → own votes on their way: how many, the last one, the choice before, and what the server said meanwhile. */
  #voting = new Map();

  /**
   * @param {{store: any, emitter: any, keyring: () => any, self: () => any, epoch: () => string | undefined,
   *   deeds: import("./deeds.js").Deeds, request: Function, changed: () => void}} port `changed`: keep it over a reload
   */
  constructor(port) {
    this.#port = port;
  }

  /** @param {Record<string, number[]>} [saved] as `mine` gave it */
  restore(saved = {}) {
    this.#mine = new Map(Object.entries(saved));
  }

  get mine() {
    return Object.fromEntries(this.#mine);
  }

  /** All there are. */
  async replace(listed = [], { self, participants, epoch }) {
    const polls = [];
    for (const poll of listed) {
      const voting = this.#voting.get(poll.pollId);
      if (voting) voting.told = poll;
      polls.push(await this.#read(poll, { self, participants, epoch }));
    }
    const ids = new Set(polls.map(({ pollId }) => pollId));
    for (const id of this.#mine.keys()) if (!ids.has(id)) this.#mine.delete(id);
    this.#port.store.update({ polls: Object.freeze(polls) });
    // What one has chosen and is on its way is shown all the same.
    for (const poll of polls) {
      const { wanted } = this.#voting.get(poll.pollId) ?? {};
      if (wanted && poll.votes) this.#choose(poll, wanted);
    }
  }

  async created({ poll }) {
    const { self, participants } = this.#port.store.getSnapshot();
    const read = await this.#read(poll, { self, participants, epoch: this.#port.epoch() });
    this.#put((polls) => [...polls.filter(({ pollId }) => pollId !== poll.pollId), read]);
    this.#port.emitter.emit("poll", read);
  }

  updated(payload) {
    const { pollId, counts, votes, closed } = payload;
    const voting = this.#voting.get(pollId);
    // What one has chosen and is on its way counts already: the server's word is shown when it includes it.
    if (voting) {
      voting.told = payload;
      return this.#patch(pollId, closed ? { closed } : {});
    }
    const self = this.#port.self();
    if (votes && self) this.#remember(pollId, votes[self.id] ?? []);
    this.#patch(pollId, { counts: Object.freeze(counts), votes: votes && Object.freeze(votes), closed, mine: this.#of(pollId) });
  }

  deleted({ pollId }) {
    this.#mine.delete(pollId);
    this.#put((polls) => polls.filter((poll) => poll.pollId !== pollId));
    this.#port.emitter.emit("poll-deleted", { pollId });
  }

  /** See `index.d.ts`. */
  create = async ({ question, options, multiple = false, anonymous = false, closesInS }) => {
    const asked = question.trim();
    const choices = options.map((option) => option.trim());
    if (!asked || choices.some((choice) => !choice)) throw new MayflyError("MESSAGE_EMPTY");
    const tooLong = [...asked].length > MAX_QUESTION_CHARS || choices.some((choice) => [...choice].length > MAX_OPTION_CHARS);
    if (tooLong) throw new MayflyError("MESSAGE_TOO_LONG");
    const keyring = this.#port.keyring();
    const self = this.#port.self();
    const plain = { question: asked, options: choices, multiple, anonymous };
    const sealed = keyring ? await sealPoll(keyring, self.id, plain, self.name) : {};
    // Not repeated: a second one would be another poll.
    return this.#port.request("create-poll", { ...plain, ...sealed, closesInS });
  };

  vote = async (pollId, choices) => {
    const before = this.#find(pollId);
    if (!before) throw new MayflyError("NOT_FOUND", "This poll is not there any more.");
    const voting = this.#voting.get(pollId) ?? { count: 0, before: before.mine };
    Object.assign(voting, { count: voting.count + 1, wanted: choices });
    this.#voting.set(pollId, voting);
    this.#choose(before, choices);
    return this.#port.deeds.do({
      event: "vote",
      fields: () => ({ pollId, choices }),
      done: () => this.#settled(pollId, () => choices),
      undo: () => this.#settled(pollId, ({ told, before: mine }) => (told ? null : mine)),
    });
  };

  /**
   * An own vote was answered. After the last one what the server said meanwhile is shown, and with it one's own choice:
   * the server may have said it before it heard.
   * @param {(voting: any) => number[] | null} mine null: as the server says
   */
  #settled(pollId, mine) {
    const voting = this.#voting.get(pollId);
    voting.count -= 1;
    if (voting.count) return;
    this.#voting.delete(pollId);
    if (voting.told) this.updated(voting.told);
    const choices = mine(voting);
    const now = this.#find(pollId);
    // Whether the counts of an anonymous poll have it already, nobody can tell; the server will.
    if (now && choices && (now.votes || !voting.told)) this.#choose(now, choices);
  }

  #choose(poll, choices) {
    this.#remember(poll.pollId, choices);
    this.#patch(poll.pollId, withVote(poll, this.#port.self()?.id, choices));
  }

  close = (pollId) => this.#port.deeds.do({ event: "close-poll", fields: () => ({ pollId }) });
  delete = (pollId) => this.#port.deeds.do({ event: "delete-poll", fields: () => ({ pollId }), asDone: ["NOT_FOUND"] });

  async #read(wire, { self, participants, epoch }) {
    const { encrypted = false, ...poll } = wire;
    const author = [self, ...participants].find((person) => person?.id === poll.author);
    const own = poll.author === self?.id;
    if (poll.votes && self) this.#remember(poll.pollId, poll.votes[self.id] ?? []);
    const shown = { ...poll, own, epoch, encrypted, authorName: author?.name ?? "", mine: this.#of(poll.pollId) };
    if (encrypted) {
      const opened = await openPoll(this.#port.keyring(), wire).catch(() => null);
      Object.assign(shown, opened ?? { question: "", options: poll.options.map(() => ""), unreadable: true });
    }
    return Object.freeze(shown);
  }

  #find = (pollId) => this.#port.store.getSnapshot().polls.find((poll) => poll.pollId === pollId);
  #of = (pollId) => Object.freeze(this.#mine.get(pollId) ?? []);

  #remember(pollId, choices) {
    if (choices.length) this.#mine.set(pollId, [...choices]);
    else this.#mine.delete(pollId);
    this.#port.changed();
  }

  #patch(pollId, patch) {
    this.#put((polls) => polls.map((poll) => (poll.pollId === pollId ? Object.freeze({ ...poll, ...patch }) : poll)));
  }

  #put(change) {
    const { store } = this.#port;
    store.update({ polls: Object.freeze(change(store.getSnapshot().polls)) });
  }
}

/** The counts and votes once somebody has chosen anew. */
function withVote(poll, selfId, choices) {
  const counts = poll.counts.map((count, at) => count - Number(poll.mine.includes(at)) + Number(choices.includes(at)));
  const { [selfId]: before, ...others } = poll.votes ?? {};
  const votes = poll.votes && Object.freeze(choices.length ? { ...others, [selfId]: [...choices] } : others);
  return { counts: Object.freeze(counts), mine: Object.freeze([...choices]), ...(votes && { votes }) };
}
