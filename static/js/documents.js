// The page of one's documents: each is deleted with a way back, and those that are being read are looked at until they are.
// Collections above them, and files that are added, are other modules'.

import { addFiles } from "./add_files.js";
import { collections } from "./collections_page.js";
import { post, remove } from "./http.js";
import { localTimes } from "./format.js";
import { orOffline, toast, toastError } from "./toasts.js";
import { t } from "./words.js";

const LOOK_MS = 1500;
const at = (id) => document.getElementById(id);
const page = collections(refresh);
addFiles(at("add-files"), refresh);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-picture]");
  if (!button) return;
  const { picture: id, name, description, width, height, most } = button.dataset;
  const { showPicture } = await orOffline(import("./picture_dialog.js"));
  showPicture?.({ id, name, description, picture: { width, height } }, most, async () => {
    await refresh();
    document.querySelector(`[data-picture="${id}"]`)?.focus();
  });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button) return;
  const { remove: id, name } = button.dataset;
  button.disabled = true;
  try {
    await remove(`/api/documents/${id}`);
    await refresh();
    document.querySelector("h1").focus();
    toast(t("“{name}” is deleted.", { name }), { action: { label: t("Undo"), run: () => post(`/api/documents/${id}/restore`).then(refresh).catch(toastError) } });
  } catch (error) {
    button.disabled = false;
    toastError(error);
  }
});

async function refresh() {
  const response = await fetch(location.href, { credentials: "same-origin" });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const putBack = page.remembered();
  for (const id of ["add-into", "collections", "documents"]) at(id).replaceWith(fresh.getElementById(id));
  putBack();
  localTimes(document);
}

setInterval(() => { if (at("documents").querySelector("[data-busy]") && !document.hidden && !page.isTyping()) refresh(); }, LOOK_MS);
