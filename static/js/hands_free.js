// The button of talking hands-free: a click begins and ends. What listens, asks and has answers read is fetched when wanted.

import { preferences } from "./theme.js";
import { t } from "./words.js";

/** Works where the server writes down what is said and the browser can record; where no voice is, the page hides the button. */
export function handsFree({ isOn, button, ...parts }) {
  if (!isOn || !globalThis.MediaRecorder || !navigator.mediaDevices) return { leave() {} };
  const { composer } = parts;
  let now = null;

  const draw = () => {
    const label = now ? t("End talking") : t("Talk hands-free");
    button.setAttribute("aria-pressed", String(now !== null));
    button.setAttribute("aria-label", label);
    button.dataset.tip = label;
  };
  const over = () => { now = null; draw(); };
  const begin = async () => {
    composer.dictation.leave();
    const mine = now = { leave: over }; // until its code is here
    draw();
    const { Talking } = await import("./talking.js").catch(() => ({}));
    if (now !== mine) return;
    if (!Talking) {
      over();
      return composer.showError(t("No connection. Try again when you are online."));
    }
    now = new Talking({ ...parts, hears: () => preferences.dictation, over: () => { over(); composer.focus(); } });
    now.begin();
  };

  button.addEventListener("click", () => (now ? now.leave() : begin()));
  button.hidden = false;
  draw();
  addEventListener("pagehide", () => now?.leave());
  return { leave: () => now?.leave() };
}
