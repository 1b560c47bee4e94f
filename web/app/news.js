/** What happens to people, in words: who came, left, raised a hand, is the host now, is away for a moment or back. */

import { markedName } from "./format.js";
import { hasLeft } from "./leaving.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

/**
 * What differs between two pictures of the people in a room. Pure.
 * @param {Map<string, any>} before by id @param {any[]} now @param {string} selfId
 * @returns {{person: any, what: string, shown: boolean, sound?: "left" | "hand"}[]} `what`: `news.…` of the words; `shown`: worth more than a word to screen readers
 */
export function changes(before, now, selfId) {
  const news = [];
  for (const person of now) {
    const known = before.get(person.id);
    if (!known) continue;
    const isSelf = person.id === selfId;
    if (known.role !== "host" && person.role === "host") news.push({ person, what: isSelf ? "youHost" : "host", shown: true });
    if (isSelf) continue;
    // A tile says so as well; of somebody without one, a note does.
    const shown = person.inCall === false;
    if (known.connected !== false && person.connected === false) news.push(hasLeft(person) ? { person, what: "left", shown: true, sound: "left" } : { person, what: "reconnecting", shown });
    if (known.connected === false && person.connected !== false) news.push({ person, what: "back", shown: shown || hasLeft(known) });
    if (!known.media?.handRaised && person.media?.handRaised) news.push({ person, what: "hand", shown: true, sound: "hand" });
  }
  return news;
}

export class News {
  #room;
  #say;
  /** The people as they were last told of: the room's own picture has changed before anybody hears of it. */
  #known = new Map();

  /** @param {{room: Room, say: (text: string, how: {shown: boolean, sound?: string}) => void, scope: import("./scope.js").Scope}} props */
  constructor({ room, say, scope }) {
    this.#room = room;
    this.#say = say;
    scope.add(room.subscribe(() => this.#compare()));
    scope.add(room.on("user-joined", ({ participant, missed }) => missed || this.#tell(participant.id, "came", { shown: true, sound: "came" })));
    scope.add(room.on("user-left", ({ participantId, reason }) => this.#left(participantId, reason)));
    this.#compare();
  }

  #compare() {
    const { self, participants } = this.#room.getSnapshot();
    if (!self) return;
    const now = [self, ...participants];
    const news = changes(this.#known, now, self.id);
    // Those who are gone stay known until their leaving is told.
    for (const person of now) this.#known.set(person.id, person);
    for (const { person, what, ...how } of news) this.#tell(person.id, what, how);
  }

  #left(id, reason) {
    // Of whoever left by a press it was told then.
    if (reason !== "timeout" || !hasLeft(this.#known.get(id) ?? {})) this.#tell(id, reason === "kicked" || reason === "banned" ? "removed" : "left", { shown: true, sound: "left" });
    this.#known.delete(id);
  }

  #tell(id, what, how) {
    const person = this.#known.get(id);
    if (!person) return;
    this.#say(t(`news.${what}`, { name: markedName(person) }), how);
  }
}
