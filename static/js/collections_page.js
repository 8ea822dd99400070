// Collections on the page of documents: made, filled with what is ticked, renamed, shared, deleted with a way back.
// The page is fetched anew after each act: it knows no rows itself.

import { sendingOnce } from "./ajax_form.js";
import { post, remove, send } from "./http.js";
import { openMenu } from "./menu.js";
import { toast, toastError } from "./toasts.js";
import { n, t } from "./words.js";

const CONFIRM = "/confirm?next=/documents"; // asks for a fresh proof of who one is, then leads back here
const PATH = "/api/collections";
const all = (selector) => [...document.querySelectorAll(selector)];
const picked = () => all("[data-pick]:checked").map((box) => box.dataset.pick);

/** refresh() fetches the page; what is ticked, open and typed is put back after it. */
export function collections(refresh) {
  document.addEventListener("submit", (event) => onSubmit(event, refresh));
  document.addEventListener("click", (event) => onClick(event, refresh));
  document.addEventListener("change", (event) => { if (event.target.closest("[data-pick]")) drawBar(); });
  drawBar();
  return { remembered, isTyping };
}

/** Nobody's words are taken from under their hands. */
const isTyping = () => Boolean(document.activeElement?.closest("#add-into select, #collections input, #collections select"));

function remembered() {
  const ticked = new Set(picked());
  const open = new Set(all("details[data-keep][open]").map(({ dataset }) => dataset.keep));
  const focused = document.activeElement?.id;
  const into = document.getElementById("add-collection").value;
  return () => {
    for (const box of all("[data-pick]")) box.checked = ticked.has(box.dataset.pick);
    for (const details of all("details[data-keep]")) details.open = open.has(details.dataset.keep);
    if (into) document.getElementById("add-collection").value = into;
    if (focused) document.getElementById(focused)?.focus();
    drawBar();
  };
}

function drawBar() {
  const bar = document.getElementById("pick-bar");
  if (!bar) return;
  const count = picked().length;
  bar.hidden = count === 0;
  bar.querySelector(".pick-count").textContent = n(count, "{count} document chosen", "{count} documents chosen");
}

/** What had the focus may be gone with the page as it was. */
const focus = (id) => document.getElementById(id)?.focus();

/** Does something, fetches the page, and says it; a refusal is said too. */
async function act(work, refresh, said, undo = null) {
  try {
    const answer = await work();
    await refresh();
    if (said) toast(said, undo ? { action: { label: t("Undo"), run: () => act(undo, refresh, "") } } : {});
    return answer;
  } catch (error) {
    if (error.code === "step_up_needed") location.assign(CONFIRM);
    else toastError(error);
    return null;
  }
}

// ---- forms ------------------------------------------------------------------------------------------------------

function onSubmit(event, refresh) {
  const form = event.target;
  const { collectionNew, collectionRename, collectionShare } = form.dataset;
  const work = collectionNew !== undefined ? () => make(form, refresh)
    : collectionRename ? () => rename(form, collectionRename, refresh)
      : collectionShare ? () => share(form, collectionShare, refresh) : null;
  if (!work) return;
  event.preventDefault();
  sendingOnce(form, event.submitter, work);
}

async function make(form, refresh) {
  const name = form.elements.name.value;
  const ids = picked();
  const made = await act(() => post(PATH, { name, document_ids: ids }), refresh, t("The collection “{name}” is made.", { name }));
  if (made) untick();
  focus("collection-name");
}

async function rename(form, id, refresh) {
  await act(() => send("PATCH", `${PATH}/${id}`, { name: form.elements.name.value }), refresh, t("The collection has its new name."));
  focus(`name-${id}`);
}

async function share(form, id, refresh) {
  const role = form.elements.least_role.value || null;
  await act(() => send("PUT", `${PATH}/${id}/sharing`, { least_role: role }), refresh, role ? t("The collection is shared.") : t("The collection is not shared any more."));
  focus(`role-${id}`);
}

// ---- clicks -----------------------------------------------------------------------------------------------------

function onClick(event, refresh) {
  const button = event.target.closest("button");
  if (!button) return;
  const { takeOut, of, collectionDelete, name } = button.dataset;
  if (button.id === "put-into") menu(button, refresh);
  else if (takeOut) act(() => remove(`${PATH}/${of}/documents/${takeOut}`), refresh, t("The document is out of the collection."), () => send("PUT", `${PATH}/${of}/documents/${takeOut}`)).then(() => focus(`collection-${of}`));
  else if (collectionDelete) act(() => remove(`${PATH}/${collectionDelete}`), refresh, t("“{name}” is deleted.", { name }), () => post(`${PATH}/${collectionDelete}/restore`)).then(() => document.querySelector("h1").focus());
}

function menu(button, refresh) {
  const own = all("[data-collection-rename]").map((form) => ({ id: form.dataset.collectionRename, name: form.elements.name.defaultValue }));
  openMenu(button, [
    ...own.map(({ id, name }) => ({ label: name, icon: "collection", run: () => put(id, name, refresh) })),
    own.length > 0 && "line",
    { label: t("A new collection"), icon: "plus", run: () => focus("collection-name") },
  ], t("Put into a collection"));
}

function untick() {
  for (const box of all("[data-pick]")) box.checked = false;
  drawBar();
}

async function put(id, name, refresh) {
  const ids = picked();
  const putAll = () => send("PATCH", `${PATH}/${id}`, { add_document_ids: ids });
  const said = n(ids.length, "{count} document is in “{name}”.", "{count} documents are in “{name}”.", { name });
  if (!(await act(putAll, refresh, said))) return;
  untick();
  focus(`collection-${id}`);
}
