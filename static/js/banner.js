// The notice above the page can be put away; a cookie says which one, so that the server leaves it out. Open chats are told of another one.

import { iconButton, takeAway } from "./icons.js";
import { t } from "./words.js";

const banner = document.getElementById("banner");
const text = banner.querySelector("p");
const close = iconButton("close", t("Dismiss the notice"), dismiss, { "data-tip": null });
const year = 31536000;

function dismiss() {
  document.cookie = `echo_banner=${banner.dataset.mark}; path=/; max-age=${year}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  takeAway(close);
  show();
}

function show() {
  banner.hidden = !text.textContent || document.cookie.includes(`echo_banner=${banner.dataset.mark}`);
  if (!banner.hidden) banner.append(close);
}

/** banner_changed: there is another one, or none. */
export function told(now, announcer) {
  text.textContent = now.text;
  banner.dataset.mark = now.mark;
  show();
  if (!banner.hidden) announcer.say(now.text);
}

show();
