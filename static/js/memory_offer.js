// The offer below a message to remember what it says of its writer: two buttons. Nothing is stored without the click.

import { element, takeAway } from "./icons.js";
import { post } from "./http.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

export function memoryOffer(fact) {
  const answered = async (wanted) => {
    if (!wanted || await save(fact)) takeAway(offer);
  };
  const offer = element("div", { class: "remember", role: "group", "aria-label": t("Remember this?") },
    element("span", { dir: "auto" }, t("Remember this? “{fact}”", { fact })),
    element("button", { type: "button", class: "button small", onclick: () => answered(true) }, t("Save")),
    element("button", { type: "button", class: "button small quiet", onclick: () => answered(false) }, t("Not now")));
  return offer;
}

async function save(text) {
  try {
    await post("/settings/personal/memories", new URLSearchParams({ text }));
    toast(t("Remembered. It is in the settings under “All chats”."), { kind: "success" });
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}
