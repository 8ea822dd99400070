// The notice above the page can be put away; a cookie says which one, so that the server leaves it out.

import { iconButton, takeAway } from "./icons.js";
import { t } from "./words.js";

const banner = document.getElementById("banner");
const year = 31536000;

function dismiss() {
  document.cookie = `echo_banner=${banner.dataset.mark}; path=/; max-age=${year}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  takeAway(banner);
}

banner.append(iconButton("close", t("Dismiss the notice"), dismiss, { "data-tip": null }));
