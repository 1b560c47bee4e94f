/** Numbers, times and reasons as an operator reads them. */

const COUNT = new Intl.NumberFormat("en");

export const count = (number) => COUNT.format(number);

/** MiB without a fraction, or with one below ten. */
export function mebibytes(bytes) {
  const size = bytes / 2 ** 20;
  return `${size < 10 ? size.toFixed(1) : count(Math.round(size))} MiB`;
}

/** Two units at most: "3 d 4 h", "12 min", "48 s". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([number]) => number > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([number], index) => index === 0 || number > 0)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(" ");
}

/** How long until an ISO time; "now" where it is over. */
export function until(time, now = Date.now()) {
  const left = (Date.parse(time) - now) / 1000;
  return left > 0 ? duration(left) : "now";
}

/** `ROOM_FULL` and `transport_close` as words. */
export const words = (code) => (code === "ok" ? "ok" : code.toLowerCase().replaceAll("_", " "));

/** The kinds of a room, in a few words. */
export function traits(room) {
  const found = [
    room.encrypted && "encrypted",
    room.status === "locked" && "locked",
    room.inviteOnly && "invites only",
    room.passwordRequired && "password",
    room.lobby && "lobby",
    room.log && "log",
    room.madeBy && `made by ${room.madeBy}`,
  ].filter(Boolean);
  return found.join(", ") || "open";
}
