// Opens the dialog that shares a chat; its code is fetched when it is first wanted.

import { toast } from "./toasts.js";

export async function share(id) {
  const { shareDialog } = await import("./share_dialog.js").catch(() => ({}));
  if (shareDialog) await shareDialog(id);
  else toast("No connection. Try again when you are online.", { kind: "error" });
}
