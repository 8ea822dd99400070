// A picture of one's documents, large, with the description that models read in its place. It knows no chat and no page.

import { sendingOnce } from "./ajax_form.js";
import { closesBeside, openDialog } from "./dialogs.js";
import { send } from "./http.js";
import { element, icon, iconButton } from "./icons.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const unsaved = new Map(); // by document: what was half written when its dialog was closed

/** one: {id, name, description, picture: {width, height}}; most: characters of a description; saved(answer): it is another one. */
export function showPicture(one, most, saved) {
  const address = `/api/documents/${one.id}/picture`;
  const field = element("textarea", { id: "picture-description", name: "description", maxlength: most, rows: 3, dir: "auto", "aria-describedby": "picture-help", oninput: () => unsaved.set(one.id, field.value) }, unsaved.get(one.id) ?? one.description);
  const failed = element("p", { class: "form-error", role: "alert" });
  const dialog = element("dialog", { class: "dialog picture-dialog", "aria-labelledby": "picture-title", onclose: () => dialog.remove() },
    element("div", { class: "dialog-head" }, element("h2", { id: "picture-title", dir: "auto" }, one.name), iconButton("close", t("Close"), () => dialog.close(), { "data-tip": null })),
    element("form", { class: "dialog-body", onsubmit: (event) => { event.preventDefault(); sendingOnce(event.currentTarget, event.submitter, save); } },
      element("img", { src: address, alt: one.description || one.name, ...one.picture }),
      element("div", { class: "field" }, element("label", { for: field.id }, t("Description")), field,
        element("p", { class: "help", id: "picture-help" }, t("The models here do not see pictures: they read this, and search finds it. Screen readers read it too."))),
      failed,
      element("div", { class: "dialog-foot" },
        element("a", { class: "button quiet", href: address, target: "_blank" }, icon("eye"), t("Open alone")),
        element("button", { type: "submit", class: "button primary" }, t("Save")))));

  async function save() {
    const description = field.value;
    try {
      const told = await send("PATCH", `/api/documents/${one.id}`, { description });
      unsaved.delete(one.id);
      dialog.close();
      toast(told.description ? t("The description is saved.") : t("There is no description now."), { kind: "success" });
      saved(told);
    } catch (error) {
      failed.textContent = error.message;
    }
  }

  closesBeside(dialog);
  document.body.append(dialog);
  openDialog(dialog);
}
