// The passages under an answer, and the dialog that shows one in its place in the document's text. It knows no message list.

import { openDialog } from "./dialogs.js";
import { element, icon } from "./icons.js";
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
    onclick: (event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); show(one, id); } },
  }, element("span", { class: "number" }, String(one.number)), element("span", { class: "name", dir: "auto" }, one.name), one.page ? element("span", { class: "faint" }, t("p. {page}", one)) : null)));
  return element("div", { class: "sources" }, element("span", { class: "sources-head" }, named.size ? t("Sources") : t("Passages read")), element("ul", {}, ...items));
}

/** answer: of which it is a source; of what others share nothing else is shown. */
const address = ({ document_id: id, position }, answer) => `/documents/${id}?at=${position}&answer=${answer}#passage`;

async function show(one, answer) {
  const dialog = document.getElementById("passage-dialog");
  const body = dialog.querySelector(".passage-text");
  dialog.querySelector("h2").textContent = one.page ? t("{name}, page {page}", one) : one.name;
  dialog.querySelector("a").href = address(one, answer);
  body.textContent = t("Loading…");
  openDialog(dialog);
  const response = await fetch(address(one, answer), { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin" }).catch(() => null);
  if (!response?.ok || response.redirected) {
    body.textContent = response?.status === 404 ? t("This document is no longer available.") : t("The text cannot be loaded now. Try again.");
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  body.replaceChildren(...page.getElementById("document-text").childNodes);
  body.querySelector("mark")?.scrollIntoView({ block: "center" });
}
