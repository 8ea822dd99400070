// A field in the place of a chat's title, in its row or, where that is not seen, above the chat: Enter and leaving it save,
// Escape does not. It knows no list.

import { fields, post } from "./http.js";
import { element } from "./icons.js";
import { toastError } from "./toasts.js";
import { t } from "./words.js";

/** row: null where there is none; changed(conversation): it has the new title. */
export function renameField(id, row, { most, changed }) {
  const inRow = isSeen(row);
  const place = inRow ? row.querySelector(".conversation-link") : document.getElementById("chat-title");
  const name = inRow ? row.querySelector(".conversation-title") : place;
  const next = inRow ? place : document.getElementById("chat-menu");
  if (place.hidden) return; // it is being renamed
  const input = element("input", { class: "rename-field", type: "text", maxlength: most, "aria-label": t("New title"), dir: "auto" });
  const before = input.value = name.textContent;
  let done = false;
  const finish = async (save) => {
    if (done) return;
    done = true;
    const title = input.value.trim();
    place.hidden = false;
    input.remove();
    if (save && title && title !== before) await saveTitle(id, name, { before, title }, changed);
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") { event.preventDefault(); finish(true).then(() => next.focus()); }
    if (event.key === "Escape") { finish(false); next.focus(); }
  });
  input.addEventListener("blur", () => finish(true));
  addEventListener("popstate", () => finish(true), { once: true }); // another chat is above it now
  place.before(input);
  place.hidden = true;
  input.focus();
  input.select();
}

/** Not in a closed sidebar, a folded folder, or a part of the list that is not loaded. */
const isSeen = (row) => Boolean(row?.offsetParent) && getComputedStyle(row).visibility === "visible";

async function saveTitle(id, name, { before, title }, changed) {
  const show = (from, to) => { if (name.textContent === from) name.textContent = to; }; // the place may be another chat's by now
  show(before, title);
  try {
    const { conversation } = await post(`/conversations/${id}/rename`, fields({ title }));
    if (conversation) changed(conversation);
  } catch (error) {
    show(title, before);
    toastError(error);
  }
}
