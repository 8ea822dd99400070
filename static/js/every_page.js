// What every page of Echo does, with a chat or without.

import { enhanceForms } from "./ajax_form.js";
import { guardComposition } from "./composition.js";
import { keepTimes } from "./format.js";
import { afterSessionEnd } from "./session_end.js";
import { adoptFlashes } from "./toasts.js";
import { tellZone } from "./zone.js";

/** Before a page wires its own keys: the guard of compositions comes first. */
export function everyPage() {
  guardComposition();
  enhanceForms();
  adoptFlashes();
  afterSessionEnd();
  keepTimes();
  tellZone();
  sendThemselves();
  document.querySelector("main [aria-invalid=true]")?.focus(); // what was refused of a long form is in view
}

/** Forms of one choice are sent by choosing; they lead back to where this page is by then, maybe another chat. */
function sendThemselves() {
  for (const form of document.querySelectorAll("form[data-sends-itself]")) form.addEventListener("change", () => {
    const to = new URL(form.action);
    to.searchParams.set("next", location.pathname + location.search);
    form.action = to;
    form.requestSubmit();
  });
}
