// Collections of documents in a chat and in the dialog of a folder: chosen, put in, shown as chips, taken out with a way back.

import { openDialog } from "./dialogs.js";
import { get, send } from "./http.js";
import { element, icon, iconButton } from "./icons.js";
import { openMenu } from "./menu.js";
import { toast, toastError } from "./toasts.js";
import { n, t } from "./words.js";

const PATH = "/api/collections";
const ids = (rows) => rows.map(({ id }) => id);
const usable = () => get(PATH).then(({ data }) => data);
const size = ({ count, documents }) => n(count ?? documents.length, "{count} document", "{count} documents"); // a chat is told the number alone

/** Boxes for all that the person may use, those of `chosen` (ids) ticked; how to read what is ticked. */
function boxes(rows, chosen) {
  const about = (row) => (row.own ? size(row) : t("{count}, shared with you", { count: size(row) }));
  const nodes = rows.map((row) => element("label", { class: "check collection-choice" },
    element("input", { type: "checkbox", name: "collection", value: row.id, checked: chosen.includes(row.id) }),
    element("span", {}, element("span", { dir: "auto" }, row.name), element("small", { class: "faint" }, ` ${about(row)}`))));
  return { nodes, ticked: () => rows.filter((_, at) => nodes[at].querySelector("input").checked) };
}

// ---- in a chat --------------------------------------------------------------------------------------------------

/** The clip's menu: files, or a collection. */
export function offer(attachments) {
  openMenu(attachments.button, [
    { label: t("Attach documents"), icon: "clip", run: () => attachments.input.click() },
    { label: t("Add a collection"), icon: "collection", run: () => choose(attachments).catch(toastError) },
  ], t("Attach documents"));
}

/** Asks which collections this chat uses. */
async function choose(attachments) {
  const conversation = attachments.conversation();
  const dialog = document.getElementById("collections");
  const form = dialog.querySelector("form");
  const say = (text) => { dialog.querySelector("[data-form-error]").textContent = text; };
  const { nodes, ticked } = boxes(await usable(), ids(conversation.collections));
  const none = element("p", { class: "faint" }, t("There is no collection yet. Make one on the page of your documents."));
  dialog.querySelector(".collection-choices").replaceChildren(...(nodes.length ? nodes : [none]));
  say("");
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await use(attachments, conversation, ticked());
      dialog.close();
    } catch (error) {
      say(error.message);
    }
  };
  openDialog(dialog);
}

/** A chat that has begun is told to the server; a new one takes them along with its first question. */
async function use(attachments, conversation, rows) {
  try {
    if (conversation.id !== null) await send("PATCH", `/api/conversations/${conversation.id}`, { collection_ids: ids(rows) });
    conversation.collections = rows;
  } catch (error) {
    if (error.status === 404) await forgetGone(conversation);
    throw error;
  } finally {
    if (conversation === attachments.conversation()) attachments.draw();
  }
}

/** What somebody has stopped sharing meanwhile is in the way of no other act. */
async function forgetGone(conversation) {
  const still = new Set(ids(await usable()));
  conversation.collections = conversation.collections.filter(({ id }) => still.has(id));
}

/** “Ask this collection”, “Ask this document”: the new chat of this page begins with it. */
export async function begin(attachments) {
  const asked = new URLSearchParams(location.search);
  const [collection, document] = ["collection", "document"].map((name) => asked.get(name));
  const conversation = attachments.conversation();
  if (conversation.id !== null) return;
  history.replaceState({}, "", location.pathname);
  if (collection) await use(attachments, conversation, [await get(`${PATH}/${encodeURIComponent(collection)}`)]);
  if (!document) return;
  conversation.documents.push(await get(`/api/documents/${encodeURIComponent(document)}`));
  attachments.draw();
}

/** Before the documents: each collection as one chip; a folder's is taken out where the folder is changed. */
export function drawChips(attachments) {
  const { root } = attachments;
  const conversation = attachments.conversation();
  for (const old of root.querySelectorAll(".collection")) old.remove();
  const own = conversation.collections.map((one) => chip(one, size(one), () => takeOut(attachments, conversation, one)));
  root.prepend(...own, ...conversation.folderCollections.map((one) => chip(one, t("of the folder"))));
  root.hidden = !root.children.length;
}

function chip(one, about, off = null) {
  return element("li", { class: "attachment collection" }, icon("collection"), element("a", { class: "name", href: `/documents#collection-${one.id}`, target: "_blank", dir: "auto" }, one.name),
    element("span", { class: "state" }, about), off && iconButton("close", t("Take {name} out of this chat", one), off, { "data-tip": t("Take out of this chat"), "data-tip-side": "end" }));
}

async function takeOut(attachments, conversation, one) {
  const before = conversation.collections;
  try {
    await use(attachments, conversation, before.filter((each) => each !== one));
    toast(t("“{name}” is out of this chat.", one), { action: { label: t("Undo"), run: () => use(attachments, conversation, before).catch(toastError) } });
  } catch (error) {
    toastError(error);
  }
}

// ---- in the dialog of a folder ----------------------------------------------------------------------------------

/** Those that the person may use, the folder's ticked; without any there is nothing to choose. */
export async function offerToFolder(dialog) {
  const { folder } = dialog;
  const field = document.getElementById("folder-collections");
  field.hidden = true;
  const [rows, folders] = await Promise.all([usable(), get("/api/folders")]).catch(() => [[], null]);
  if (!folders || folder !== dialog.folder || !rows.length) return;
  const { nodes, ticked } = boxes(rows, folders.data.find(({ id }) => id === folder?.id)?.collection_ids ?? []);
  field.querySelector(".collection-choices").replaceChildren(...nodes);
  field.hidden = false;
  dialog.collections = () => ids(ticked());
}
