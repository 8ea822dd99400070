// The passages under an answer. It knows no message list.

import { element, icon } from "./icons.js";
import { orOffline } from "./toasts.js";
import { t } from "./words.js";

/** Which numbers an answer names, as [1] or [1, 2]. */
export function cited(text) {
  return new Set([...text.matchAll(/\[(\d+(?:\s*,\s*\d+)*)\]/g)].flatMap(([, numbers]) => numbers.split(",").map(Number)));
}

/** null: the chat had no documents. */
export function sourcesNode({ id, sources, text }) {
  if (!sources) return null;
  if (!sources.length) return element("p", { class: "sources none" }, icon("info"), t("Nothing in the documents fits this question."));
  const named = cited(text);
  const items = sources.map((one) => element("li", {}, element("a", {
    class: named.has(one.number) ? "source cited" : "source", href: address(one, id), target: "_blank",
    onclick: (event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); show(one, address(one, id)); } },
  }, element("span", { class: "number" }, String(one.number)), element("span", { class: "name", dir: "auto" }, one.name), told(one))));
  return element("div", { class: "sources" }, element("span", { class: "sources-head" }, named.size ? t("Sources") : sources.every(({ picture }) => picture === "unseen") ? t("Attached") : t("Passages read")), element("ul", {}, ...items));
}

/** Where in its document it stands; of a picture, what of it was read. */
function told({ page, picture }) {
  const words = picture === "unseen" ? t("not seen") : picture ? t("its description") : page ? t("p. {page}", { page }) : null;
  return words && element("span", { class: "faint" }, words);
}

/** answer: of which it is a source; of what others share nothing else is shown. */
const address = ({ document_id: id, position }, answer) => `/documents/${id}?at=${position}&answer=${answer}#passage`;

const show = (one, href) => orOffline(import("./passage_dialog.js")).then(({ open }) => open?.(one, href));
