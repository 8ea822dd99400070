// Pages without a chat: forms, flashes, times.

import { enhanceForms } from "./ajax_form.js";
import { guardComposition } from "./composition.js";
import { enableCopying } from "./copy_button.js";
import { keepTimes, localTimes } from "./format.js";
import { afterSessionEnd } from "./session_end.js";
import { adoptFlashes } from "./toasts.js";
import { tellZone } from "./zone.js";
import "./theme.js";

guardComposition();
enhanceForms();
enableCopying();
adoptFlashes();
afterSessionEnd();
localTimes(document);
keepTimes();
tellZone();
comeAgain(document.querySelector("[data-again]")?.dataset.again);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

/** Asked for too fast, as by several tabs at once: after the wait that the server asks for. */
function comeAgain(seconds) {
  if (seconds) setTimeout(() => location.reload(), 1000 * (Number(seconds) + Math.random()));
}
