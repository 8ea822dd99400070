// What changes a folder for good: its place among the others, and that it goes, with a way back.

import { send } from "./http.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

export function change(folders, folder, values) {
  return send("PATCH", `/api/folders/${folder.id}`, values).catch(toastError);
}

/** what: whether its chats are to "keep" or to "delete" too. */
export async function remove(folders, folder, what) {
  try {
    await folders.on.deleting([folder.id], () => send("DELETE", `/api/folders/${folder.id}?conversations=${what}`));
    toast(what === "keep" ? t("Folder “{name}” deleted; its chats are in the list", folder) : t("Folder “{name}” and its chats deleted", folder), { action: { label: t("Undo"), run: () => restore(folders, folder) } });
  } catch (error) {
    toastError(error);
  }
}

function restore(folders, folder) {
  return send("POST", `/api/folders/${folder.id}/restore`).then(() => folders.on.restored(folder.id), toastError);
}
