/** What a room and a call look like before anything is known of them. */

export const EMPTY_ROOM = Object.freeze({
  status: "connecting",
  self: null,
  room: null,
  participants: Object.freeze([]),
  messages: Object.freeze([]),
  polls: Object.freeze([]),
  reads: Object.freeze({}),
  typing: Object.freeze([]),
  knocks: Object.freeze([]),
  encrypted: false,
  resumed: false,
  limits: null,
  resumeTtlS: null,
  ending: null,
  error: null,
});

export const NO_QUALITY = Object.freeze({ peers: new Map(), weak: false });

export const EMPTY_CALL = Object.freeze({
  active: false,
  audio: false,
  video: false,
  screen: false,
  wanted: Object.freeze({ audio: false, video: false, screen: false }),
  errors: Object.freeze({}),
  localStream: null,
  localScreen: null,
  peers: Object.freeze([]),
});
