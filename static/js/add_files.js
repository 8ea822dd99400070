// Files that are added on the page of documents: chosen, or dropped on it or on a collection; sent one after the other.

import { whyNot } from "./attachments.js";
import { toast, toastError } from "./toasts.js";
import { patiently, sendUp } from "./uploads.js";
import { t } from "./words.js";

/** refresh() fetches the page anew, once all are sent. */
export function addFiles(form, refresh) {
  let last = Promise.resolve();
  const add = (files, collection) => { last = last.then(() => sendAll(form, files, collection)).then(refresh).catch(toastError); };
  const { file: input } = form.elements;
  input.classList.add("visually-hidden");
  input.addEventListener("change", () => { add([...input.files], form.elements.collection_id.value); input.value = ""; });
  wireDrop(form, add);
}

async function sendAll(form, files, collection) {
  const [said, bar] = [form.querySelector("[role=status]"), form.querySelector("progress")];
  bar.hidden = false;
  for (const file of files) {
    said.textContent = t("Attaching {name}", file);
    const problem = whyNot(file, { document_bytes: Number(form.dataset.most) });
    await (problem ? refused(problem) : sent(form, file, collection, (share) => { bar.value = share; }));
  }
  said.textContent = "";
  bar.hidden = true;
}

const refused = (message) => toast(message, { kind: "error", seconds: 12 });

/** While many of one's files are read the next one waits. */
async function sent(form, file, collection, told) {
  const body = new FormData();
  body.set("file", file);
  body.set("collection_id", collection);
  try {
    await patiently(() => sendUp(form.action, body, told).done);
  } catch (error) {
    refused(t("“{name}” was not attached: {why}", { name: file.name, why: error.message }));
  }
}

function wireDrop(form, add) {
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const collectionAt = (event) => event.target.closest?.("[data-own-collection]");
  const show = (place) => {
    for (const shown of document.querySelectorAll(".dropping")) shown.classList.remove("dropping");
    place?.classList.add("dropping");
  };
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    show(collectionAt(event) ?? form);
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && show(null));
  addEventListener("drop", (event) => {
    show(null);
    if (!holdsFiles(event)) return;
    event.preventDefault();
    add([...event.dataTransfer.files], collectionAt(event)?.dataset.ownCollection ?? form.elements.collection_id.value);
  });
}
