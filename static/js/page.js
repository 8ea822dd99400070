// Pages without a chat: forms, flashes, times.

import { enableCopying } from "./copy_button.js";
import { everyPage } from "./every_page.js";
import { localTimes } from "./format.js";
import { keepFields } from "./kept_fields.js";
import "./theme.js";

everyPage();
enableCopying();
localTimes(document);
keepFields(document.querySelector(".page-foot .language-choice"));
comeAgain(document.querySelector("[data-again]")?.dataset.again);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

/** Asked for too fast, as by several tabs at once: after the wait that the server asks for. */
function comeAgain(seconds) {
  if (seconds) setTimeout(() => location.reload(), 1000 * (Number(seconds) + Math.random()));
}
