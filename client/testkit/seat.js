/** One person's place in a room in memory, and what is the same for all. */

import { newId } from "../core/entry.js";

export const NO_MEDIA = { audio: false, video: false, screen: false, handRaised: false, canCall: true };
export const LIMITS = {
  messageChars: 4_000, sealedChars: 10_000, nameChars: 64, sdpBytes: 65_536, candidateChars: 2_048, callParticipants: 8,
  roomsPerSocket: 8, fileBytes: 0, eventsPerS: 0, burst: 0,
};

export const iso = (ms) => new Date(ms).toISOString();
export const has = (value) => value !== null && value !== undefined;

/** Without what is null: that is "not said". */
export const bare = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

export const clean = (name) => (name ?? "").replace(/\p{C}/gu, "").replace(/\s+/g, " ").trim();

export const visible = ({ sender, to }, id) => !to || to === id || sender === id;

const ADJECTIVES = ["Amber", "Brave", "Calm", "Merry", "Quiet", "Swift"];
const ANIMALS = ["Heron", "Otter", "Finch", "Fox", "Lark"];
export const guestName = (number) => `${ADJECTIVES[number % 6]} ${ANIMALS[number % 5]}`;

/** What an event about a message is kept with. */
export const about = (message, more = {}) => ({
  audience: message.to ? [message.to, message.sender] : null,
  about: { subject: message, ...more },
});

export class Seat {
  socket = null;
  typing = false;
  inCall = false;
  saidInCall = false;
  idle = false;
  attributes = {};
  /** It has not had its snapshot yet, which tells of all that happens until then. */
  arrives = true;
  role = "member";
  readSeq = 0;
  /** clientMessageId → acknowledgement. */
  sent = new Map();
  /** Signals that wait for who is away. */
  waiting = [];
  /** Ends the time for which the seat of one who is away is kept. @type {(() => void) | undefined} */ graceOver;
  /** With what one has got in. @type {any} */ invite;

  /** @param {{name: string, media: Partial<typeof NO_MEDIA>, ordinal: number, joinId?: string}} fields */
  constructor({ name, media, ordinal, joinId }) {
    this.id = newId().slice(0, 16);
    this.name = name;
    this.media = { ...NO_MEDIA, ...media };
    this.ordinal = ordinal;
    this.joinId = joinId;
    this.token = newId();
    this.joinedAt = Date.now();
  }

  get view() {
    const { id, name, role, joinedAt, media, inCall, idle, attributes } = this;
    return { id, name, role, connected: this.socket !== null, joinedAt: iso(joinedAt), media, inCall, idle, attributes };
  }

  hear(event, payload) {
    if (!this.arrives) this.socket?.deliver(event, payload);
  }
}
