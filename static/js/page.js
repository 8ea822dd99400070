// Pages without a chat: forms, flashes, times.

import { enhanceForms } from "./ajax_form.js";
import { guardComposition } from "./composition.js";
import { enableCopying } from "./copy_button.js";
import { localTimes } from "./format.js";
import { adoptFlashes } from "./toasts.js";
import { tellZone } from "./zone.js";
import "./theme.js";

guardComposition();
enhanceForms();
enableCopying();
adoptFlashes();
localTimes(document);
tellZone();
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
