/** What happens to people, in words: who came, left, raised a hand, is the host now, is away for a moment or back. */

import { displayName } from "./format.js";

/**
 * What differs between two pictures of the people in a room. Pure.
 * @param {Map<string, any>} before by id @param {any[]} now @param {string} selfId
 * @returns {{person: any, what: string, shown: boolean}[]} `shown`: worth more than a word to screen readers
 */
export function changes(before, now, selfId) {
  const news = [];
  for (const person of now) {
    const known = before.get(person.id);
    if (!known) continue;
    const isSelf = person.id === selfId;
    if (known.role !== "host" && person.role === "host") news.push({ person, what: isSelf ? "are the host now" : "is the host now", shown: true });
    if (isSelf) continue;
    if (known.connected !== false && person.connected === false) news.push({ person, what: "is reconnecting", shown: false });
    if (known.connected === false && person.connected !== false) news.push({ person, what: "is back", shown: false });
    if (!known.media?.handRaised && person.media?.handRaised) news.push({ person, what: "raised a hand", shown: true });
  }
  return news;
}

export class News {
  #room;
  #say;
  /** The people as they were last told of: the room's own picture has changed before anybody hears of it. */
  #known = new Map();

  /** @param {{room: any, say: (text: string, how: {shown: boolean}) => void, scope: import("./scope.js").Scope}} props */
  constructor({ room, say, scope }) {
    this.#room = room;
    this.#say = say;
    scope.add(room.subscribe(() => this.#compare()));
    scope.add(room.on("user-joined", ({ participant, missed }) => missed || this.#tell(participant.id, "came in")));
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
    for (const { person, what, shown } of news) this.#tell(person.id, what, { shown });
  }

  #left(id, reason) {
    this.#tell(id, reason === "kicked" || reason === "banned" ? "was removed" : "left");
    this.#known.delete(id);
  }

  #tell(id, what, how = { shown: true }) {
    const person = this.#known.get(id);
    if (!person) return;
    const name = id === this.#room.getSnapshot().self?.id ? "You" : displayName(person.name);
    this.#say(`${name} ${what}`, how);
  }
}
