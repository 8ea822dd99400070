// A field in the place of a row's title: Enter and leaving it save, Escape does not. It knows no list.

import { fields, post } from "./http.js";
import { element } from "./icons.js";
import { toastError } from "./toasts.js";
import { t } from "./words.js";

/** changed(conversation): it has the new title. */
export function renameField(row, { most, changed }) {
  const link = row?.querySelector(".conversation-link");
  if (!link || row.querySelector(".rename-field")) return;
  const name = link.querySelector(".conversation-title");
  const input = element("input", { class: "rename-field", type: "text", maxlength: most, "aria-label": t("New title"), dir: "auto" });
  input.value = name.textContent;
  let done = false;
  const finish = async (save) => {
    if (done) return;
    done = true;
    const title = input.value.trim();
    input.replaceWith(link);
    if (save && title && title !== name.textContent) await saveTitle(row.dataset.id, name, title, changed);
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") { event.preventDefault(); finish(true).then(() => link.focus()); }
    if (event.key === "Escape") { finish(false); link.focus(); }
  });
  input.addEventListener("blur", () => finish(true));
  link.replaceWith(input);
  input.focus();
  input.select();
}

async function saveTitle(id, name, title, changed) {
  const before = name.textContent;
  name.textContent = title;
  try {
    const { conversation } = await post(`/conversations/${id}/rename`, fields({ title }));
    if (conversation) changed(conversation);
  } catch (error) {
    name.textContent = before;
    toastError(error);
  }
}
