// The dialog that shows a passage in its place in its document's text. It knows no answer.

import { openDialog } from "./dialogs.js";
import { t } from "./words.js";

/** one: {name, page}; href: the page that shows it. */
export async function open(one, href) {
  const dialog = document.getElementById("passage-dialog");
  const body = dialog.querySelector(".passage-text");
  dialog.querySelector("h2").textContent = one.page ? t("{name}, page {page}", one) : one.name;
  dialog.querySelector("a").href = href;
  body.textContent = t("Loading…");
  openDialog(dialog);
  const response = await fetch(href, { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin" }).catch(() => null);
  if (!response?.ok || response.redirected) {
    body.textContent = response?.status === 404 ? t("This document is no longer available.") : t("The text cannot be loaded now. Try again.");
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  body.replaceChildren(...page.getElementById("document-text").childNodes);
  body.querySelector("mark")?.scrollIntoView({ block: "center" });
}
