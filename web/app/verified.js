/** The mark beside a name that the site has given its bearer with a join token: nobody chooses a name beside it. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

export function verifiedMark(size = 16) {
  return h("span", { class: "verified-mark", role: "img", "aria-label": t("verified"), title: t("verified"), hidden: true }, icon("verified", size));
}
