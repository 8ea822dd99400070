// A button that waits. It knows no message.

import { seconds as spoken } from "./format.js";
import { t } from "./words.js";

/** A button that can be pressed only after some seconds, and says so. */
export function countDown(button, seconds) {
  const label = button.querySelector("span");
  const text = label.textContent;
  const until = Date.now() + seconds * 1000;
  button.disabled = true;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.disabled = left > 0;
    const time = left < 60 ? t("{count} s", { count: left }) : spoken(left);
    label.textContent = left > 0 ? t("{text} in {time}", { text, time }) : text;
    if (left > 0) setTimeout(tick, 250);
  };
  tick();
}
