// A button that waits. It knows no message.

import { seconds as spoken } from "./format.js";

/** A button that can be pressed only after some seconds, and says so. */
export function countDown(button, seconds) {
  const label = button.querySelector("span");
  const text = label.textContent;
  const until = Date.now() + seconds * 1000;
  button.disabled = true;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.disabled = left > 0;
    label.textContent = left > 0 ? `${text} in ${left < 60 ? `${left} s` : spoken(left)}` : text;
    if (left > 0) setTimeout(tick, 250);
  };
  tick();
}
