// The page of one's documents: each is deleted with a way back, and those that are being read are looked at until they are.

import { post, remove } from "./http.js";
import { localTimes } from "./format.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

const LOOK_MS = 1500;
const list = () => document.getElementById("documents");

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
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  list().replaceWith(page.getElementById("documents"));
  localTimes(document);
}

setInterval(() => { if (list().querySelector("[data-busy]") && !document.hidden) refresh(); }, LOOK_MS);
