// Offers to tell when a long answer is done, and switches that on and off: the browser is asked for its permission only
// after a click here. What was decided is kept in this browser.

import { element, icon, iconButton, takeAway } from "./icons.js";
import { preferences, setNotify } from "./theme.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const REFUSED = t("Your browser does not let Echo notify you. Allow it beside the address of this page, then switch it on here.");
const MISSING = t("This browser has no notifications, or Echo’s address is not secure (https).");

/** Above the message field, for as long as the answer takes; returns what takes it away. */
export function offerNotice(composer, announcer) {
  const decide = async (wanted) => {
    takeAway(node);
    if (!wanted) return setNotify("off");
    if (await allowNotices()) toast(t("Echo tells you when an answer is done while you are elsewhere. The settings switch it off."), { kind: "success" });
    else toast(REFUSED, { seconds: 12 });
  };
  const node = element("div", { class: "tell-me", role: "group", "aria-label": t("Tell me when it is done?") },
    element("button", { type: "button", class: "button small quiet", onclick: () => decide(true) }, icon("bell"), t("Tell me when it is done")),
    iconButton("close", t("No, thanks"), () => decide(false), { "data-tip-side": "end" }));
  composer.before(node);
  announcer.say(t("This takes a while. Echo can tell you when it is done: the offer stands before the message field."));
  return () => takeAway(node);
}

/** Asks the browser; says whether people are told from now on. */
async function allowNotices() {
  const allowed = (await globalThis.Notification?.requestPermission()) === "granted";
  setNotify(allowed ? "on" : "off");
  return allowed;
}

/** The switch of the settings. */
export function noticeSwitch(inputs, note) {
  const isOn = () => preferences.notify === "on" && globalThis.Notification?.permission === "granted";
  const show = () => { for (const input of inputs) input.checked = (input.value === "on") === isOn(); };
  for (const input of inputs) {
    input.disabled = !globalThis.Notification;
    input.addEventListener("change", async () => {
      if (input.value === "off") setNotify("off");
      else if (!await allowNotices()) note.textContent = REFUSED;
      show();
    });
  }
  if (!globalThis.Notification) note.textContent = MISSING;
  show();
  return show;
}
