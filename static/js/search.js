// The search dialog: htmx fetches the results, arrow keys walk through them. htmx is loaded here, once, for the list too.

import { localTimes } from "./format.js";
import { openDialog } from "./dialogs.js";
import { t } from "./words.js";

/** After the page stands: htmx sets itself up only when the document is complete. */
function loadHtmx() {
  const load = () => setTimeout(() => import("../vendor/htmx.min.js"), 0);
  if (document.readyState === "complete") load();
  else addEventListener("load", load, { once: true });
}

export class SearchDialog {
  constructor(dialog, openConversation) {
    Object.assign(this, { dialog, openConversation });
    loadHtmx();
    this.field = dialog.querySelector("input");
    this.results = dialog.querySelector(".search-results");
    dialog.addEventListener("keydown", (event) => this.#keys(event));
    this.results.addEventListener("click", (event) => this.#choose(event));
    this.results.addEventListener("htmx:afterSwap", () => localTimes(this.results));
    this.results.addEventListener("htmx:responseError", () => this.#note(t("The search did not work. Try again.")));
  }

  open() {
    openDialog(this.dialog);
    this.field.select();
    if (!this.results.childElementCount) this.#note(`${t("Type a few words: titles and everything that was said are searched.")} ${t("tag:work finds the chats with that tag.")}`);
  }

  #note(text) {
    const note = Object.assign(document.createElement("p"), { className: "search-note", textContent: text });
    this.results.replaceChildren(note);
  }

  #choose(event) {
    const link = event.target.closest(".search-result");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.dialog.close();
    this.openConversation(link.dataset.id, link.dataset.messageId);
  }

  #keys(event) {
    const links = [...this.results.querySelectorAll(".search-result")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && links.length) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (links[at - 1] ?? this.field).focus();
    } else if (event.key === "Enter" && document.activeElement === this.field) {
      event.preventDefault();
      links[0]?.click();
    }
  }
}
