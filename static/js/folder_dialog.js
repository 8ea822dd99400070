// The dialog in which a folder is made or changed.

import { sendingOnce } from "./ajax_form.js";
import { openDialog } from "./dialogs.js";
import { send } from "./http.js";
import { orOffline } from "./toasts.js";
import { t } from "./words.js";

/** `done(folder)` follows what it made. */
export class FolderDialog {
  constructor(dialog, hasCollections = false) {
    Object.assign(this, { dialog, hasCollections });
    this.form = dialog.querySelector("form");
    this.form.addEventListener("input", () => { this.written = true; });
    this.form.querySelector("[data-close]").addEventListener("click", () => { this.written = false; });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); sendingOnce(this.form, event.submitter, () => this.#save()); });
  }

  /** What was half written when it was closed is still there. */
  open(folder, done = () => {}) {
    const stays = this.written && this.folder?.id === folder?.id;
    Object.assign(this, { folder, done, written: stays });
    this.dialog.querySelector("h2").textContent = folder ? t("Edit folder") : t("New folder");
    for (const name of ["name", "system_prompt"]) if (!stays) this.form.elements[name].value = folder?.[name] ?? "";
    this.#say("");
    this.collections = null; // until they are here they are left as they are
    if (this.hasCollections) orOffline(import("./collections.js")).then(({ offerToFolder }) => offerToFolder?.(this));
    openDialog(this.dialog);
    this.form.elements.name.select();
  }

  async #save() {
    const { name, system_prompt: prompt } = this.form.elements;
    const wanted = { name: name.value, system_prompt: prompt.value, ...(this.collections && { collection_ids: this.collections() }) };
    try {
      const made = this.folder ? await send("PATCH", `/api/folders/${this.folder.id}`, wanted) : await send("POST", "/api/folders", wanted);
      this.written = false;
      this.dialog.close();
      this.done(made);
    } catch (error) {
      this.#say(error.message);
    }
  }

  #say(text) {
    this.dialog.querySelector("[data-form-error]").textContent = text;
  }
}
