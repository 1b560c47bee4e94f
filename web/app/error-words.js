/** Why something was refused, in words. */

import { hasWords, language, t } from "./words.js";

/**
 * What a server says itself is English, and says most: there it is taken as it is. In other languages its code is put into words.
 * @param {{code?: string, message?: string}} error
 */
export function errorWords({ code, message }) {
  if (language() === "en" && message) return message;
  return t(hasWords(`error.${code}`) ? `error.${code}` : "error.unknown");
}
