/**
 * What a message says of its files, read with care: whoever wrote it may have written anything. In a sealed message it stands
 * inside (docs/files.md); in a plain one, media type and name are the server's to tell, and `data` has the rest.
 */

const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp|avif)|audio\/(?:webm|ogg|mp4|mpeg|wav|aac|flac)|video\/(?:webm|mp4|ogg))$/;
export const MAX_ATTACHMENTS = 10;
export const MAX_FILE_NAME_CHARS = 255;
export const MAX_THUMBNAIL_CHARS = 3_400;
export const MAX_WAVEFORM = 64;
/** Of one of the waveform's values; 0 is silence. */
export const MAX_LOUDNESS = 31;
const MAX_SIDE_PX = 100_000;
const MAX_DURATION_S = 86_400;

const THUMBNAIL = /^data:image\/(?:webp|jpeg|png);base64,[A-Za-z0-9+/]+={0,2}$/;
const MEDIA_TYPE = /^[a-z0-9][\w.+-]{0,63}\/[a-z0-9][\w.+-]{0,63}$/;
/** Controls, and what turns the direction of writing: "gpj.exe" is not to read as "exe.jpg". */
const UNSAFE = /[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

/** A file's name as it may be shown, and as the name under which it is saved. */
export function fileName(name) {
  const last = String(name ?? "").replace(UNSAFE, "").split(/[/\\]/).at(-1).trim();
  return [...last].slice(0, MAX_FILE_NAME_CHARS).join("").toWellFormed?.() ?? last.slice(0, MAX_FILE_NAME_CHARS);
}

/** Without parameters, in small letters; `application/octet-stream` for what is none. */
export function mediaType(type) {
  const [bare] = String(type ?? "").toLowerCase().split(";");
  return MEDIA_TYPE.test(bare.trim()) ? bare.trim() : "application/octet-stream";
}

/** Whether browsers show this type without running anything. Everything else is for saving alone. */
export const isShown = (type) => SHOWN.test(type);

/** What may be said of a file besides its place. */
function details(given) {
  const { width, height, durationS, thumbnail, waveform } = given ?? {};
  const found = {};
  if (isWithin(width, 1, MAX_SIDE_PX) && isWithin(height, 1, MAX_SIDE_PX)) Object.assign(found, { width, height });
  if (typeof durationS === "number" && durationS >= 0 && durationS <= MAX_DURATION_S) found.durationS = durationS;
  if (typeof thumbnail === "string" && thumbnail.length <= MAX_THUMBNAIL_CHARS && THUMBNAIL.test(thumbnail)) found.thumbnail = thumbnail;
  if (Array.isArray(waveform) && waveform.length <= MAX_WAVEFORM && waveform.every((value) => isWithin(value, 0, MAX_LOUDNESS))) {
    found.waveform = Object.freeze([...waveform]);
  }
  return found;
}

const isWithin = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
const isId = (value) => typeof value === "string" && value.length > 0 && value.length <= 64;

/** The files of a sealed message, as they stand inside it. @returns {readonly object[] | undefined} */
export function sealedAttachments(inside) {
  return listed(inside, ({ fileId, direct, key, size, type, name, ...more }) => {
    const where = isId(fileId) ? { fileId } : isId(direct) ? { direct } : null;
    if (!where || typeof key !== "string" || !isWithin(size, 0, Number.MAX_SAFE_INTEGER)) return null;
    return { ...where, key, size, type: mediaType(type), name: fileName(name), ...details(more) };
  });
}

/** The files of a plain message: those that the server tells of, and those that were handed over directly. */
export function plainAttachments(told, data) {
  const more = Array.isArray(data?.attachments) ? data.attachments.slice(0, MAX_ATTACHMENTS) : [];
  const onServer = listed(told, ({ fileId, bytes, contentType, name }) => ({
    fileId, size: bytes, type: mediaType(contentType), name: fileName(name),
    ...details(more.find((one) => one?.fileId === fileId)),
  }));
  const handed = listed(more, ({ direct, size, type, name, ...rest }) =>
    isId(direct) && isWithin(size, 0, Number.MAX_SAFE_INTEGER) ? { direct, size, type: mediaType(type), name: fileName(name), ...details(rest) } : null,
  );
  return onServer || handed ? Object.freeze([...(onServer ?? []), ...(handed ?? [])]) : undefined;
}

function listed(given, read) {
  if (!Array.isArray(given)) return undefined;
  const found = given.slice(0, MAX_ATTACHMENTS).map((one) => (one && typeof one === "object" ? read(one) : null)).filter(Boolean);
  return found.length ? Object.freeze(found.map(Object.freeze)) : undefined;
}

/** As they are sealed with a message. */
export const toSeal = (attachments) => attachments?.map(({ fileId, direct, key, size, type, name, ...more }) => ({ fileId, direct, key, size, type, name, ...details(more) }));

/** What goes into a plain message's `data`: all that the server does not tell of them. */
export function toData(attachments) {
  const more = attachments?.map(({ fileId, direct, size, type, name, ...rest }) => (direct ? { direct, size, type, name, ...details(rest) } : { fileId, ...details(rest) }));
  return more?.some((one) => one.direct || Object.keys(one).length > 1) ? { attachments: more } : undefined;
}

/** As the server is told of them: those that it has. */
export const toAttach = (attachments) => attachments?.filter(({ fileId }) => fileId).map(({ fileId }) => ({ fileId }));
