// What is done with the chosen chats, each by one request, and undone.

import { csrfToken, post, RequestError } from "./http.js";
import { openMenu } from "./menu.js";
import { toast, toastError } from "./toasts.js";
import { n, t } from "./words.js";

const BULK = "/conversations/bulk";

/** Where chats stood, those of one place together: [{ids, archived, folder_id}] */
export function places(states) {
  const groups = new Map();
  for (const { id, archived, folder_id } of states) {
    const key = JSON.stringify([archived, folder_id]);
    if (!groups.has(key)) groups.set(key, { ids: [], archived, folder_id });
    groups.get(key).ids.push(id);
  }
  return [...groups.values()];
}

/** One act, by its button in the bar of a `Selection`. */
export function act(selection, button) {
  const ids = [...selection.ids];
  const acts = {
    archive: () => archive(selection, !selection.areArchived()),
    move: () => openMenu(button, selection.on.folderItems((folder) => move(selection, folder)), t("Move to a folder")),
    tags: () => selection.on.tags(ids),
    export: () => sendForFile(`${BULK}/export`, { ids }).catch(toastError),
    remove: async () => { if (await selection.sidebar.removeAll(ids)) selection.leave(); },
  };
  acts[button.dataset.act]();
}

function archive(selection, archived) {
  return change(selection, { archived }, (count) => (archived
    ? n(count, "{count} chat is in the archive", "{count} chats are in the archive")
    : n(count, "{count} chat is out of the archive", "{count} chats are out of the archive")));
}

function move(selection, folder) {
  return change(selection, { folder_id: folder?.id ?? null, archived: false }, (count) => (folder
    ? n(count, "{count} chat is in “{folder}”", "{count} chats are in “{folder}”", { folder: folder.name })
    : n(count, "{count} chat is in no folder", "{count} chats are in no folder")));
}

async function change(selection, values, said) {
  const were = (id) => Object.fromEntries(Object.keys(values).map((name) => [name, selection.sidebar.stateOf(id)[name]]));
  const before = [...selection.ids].map((id) => ({ id, ...were(id) }));
  const put = (ids, wanted) => sent(ids, wanted, selection.on.changed);
  const count = await put([...selection.ids], values);
  if (!count) return;
  selection.leave();
  toast(said(count), { action: { label: t("Undo"), run: () => { for (const { ids, ...old } of places(before)) put(ids, old); } } });
}

/** Resolves with how many chats it was done to; 0 after saying why to none. */
async function sent(ids, values, changed) {
  try {
    const { conversations } = await post(BULK, { act: "change", ids, ...values });
    for (const conversation of conversations) changed(conversation);
    return conversations.length;
  } catch (error) {
    toastError(error);
    return 0;
  }
}

/** Asks for a file and has the browser keep it, under the name that the server gives it. */
async function sendForFile(url, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": csrfToken() };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" }).catch(() => {
    throw new RequestError(0, { message: t("No connection. Try again when you are online.") });
  });
  if (!response.ok) throw new RequestError(response.status, await response.json().catch(() => ({})));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))?.[1] ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
