// The microphone's button: a click begins and ends, holding it listens as long as it is held. What listens is fetched when wanted.

import { preferences } from "./theme.js";
import { t } from "./words.js";

const HELD = 500; // ms: longer is no click

/** Shows the button where the server writes down what is said and the browser can record; leaving ends what is going on. */
export function dictation({ isOn, button, form, composer, announcer, speaking }) {
  if (!isOn || !globalThis.MediaRecorder || !navigator.mediaDevices) return { leave() {} };
  let now = null;
  let pressedAt = null;

  const draw = () => {
    const label = now ? t("End dictation") : t("Dictate");
    button.setAttribute("aria-pressed", String(now !== null));
    button.setAttribute("aria-label", label);
    button.dataset.tip = label;
  };
  const begin = async () => {
    composer.handsFree.leave();
    speaking.stop(); // else it would be written down
    composer.hideError();
    const mine = now = { finish() { this.leave(); }, leave() { now = null; draw(); } }; // until its code is here
    draw();
    const { Dictating } = await import("./dictating.js").catch(() => ({}));
    if (now !== mine) return;
    if (!Dictating) {
      mine.leave();
      return composer.showError(t("No connection. Try again when you are online."));
    }
    now = new Dictating({ form, composer, announcer, hears: () => preferences.dictation, over: () => { now = null; draw(); composer.focus(); } });
    now.begin();
  };

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || now) return;
    pressedAt = event.timeStamp;
    button.setPointerCapture(event.pointerId);
    begin();
  });
  button.addEventListener("pointerup", (event) => { if (pressedAt !== null && event.timeStamp - pressedAt > HELD) now?.finish(); });
  button.addEventListener("click", () => {
    if (pressedAt !== null) pressedAt = null; // this press began it
    else if (now) now.finish();
    else begin();
  });
  button.hidden = false;
  draw();
  addEventListener("pagehide", () => now?.leave());
  return { leave: () => now?.leave() };
}
