// What guardrails decided about a message: a line below it for each, with its reason, and a form to object. It knows no message list.

import { element, icon } from "./icons.js";
import { orOffline } from "./toasts.js";
import { t } from "./words.js";

/** Its words are looked up where it is drawn: the page's language is known by then. */
function titleOf({ place, act }) {
  if (place === "question") return { flag: t("Flagged"), warn: t("Please note"), mask: t("Some words were masked"), refuse: t("Not answered") }[act];
  return { flag: t("Flagged"), warn: t("Please note"), mask: t("Some words were masked"), refuse: t("Ended here") }[act];
}

function stateOf({ state, objected }) {
  if (state === "lifted") return t("Lifted");
  if (state === "upheld") return t("It stands");
  return objected ? t("You objected") : "";
}

/** acts: {isStored(), rights(row), object(id, text)}, which resolves with the decision as it is then, or with nothing where that failed. */
export const guardNotes = (row, acts) => (row.guard ?? []).map((decision) => guardNote(decision, acts, acts.rights(row).rate));

/** mine: only who asked may object. */
function guardNote(decision, acts, mine) {
  const note = element("div", { class: `guard ${decision.act}`, role: "note" });
  const draw = () => {
    const said = [titleOf(decision), decision.place === "question" && decision.act === "refuse" ? "" : decision.reason].filter(Boolean).join(": ");
    const state = stateOf(decision);
    const answer = decision.answer && element("p", { class: "guard-answer", dir: "auto" }, decision.answer);
    note.replaceChildren(...[icon("shield"), element("span", { dir: "auto" }, said), state && element("span", { class: "guard-state" }, state), button(), answer].filter(Boolean));
  };
  const button = () => {
    if (!mine || acts.isStored() || decision.objected || decision.state !== "open") return null;
    return element("button", { type: "button", class: "button small quiet", "aria-expanded": "false", onclick: () => open() }, t("Object"));
  };
  const open = async () => {
    const { objectionForm } = await orOffline(import("./objection.js"));
    if (!objectionForm || note.querySelector("form")) return; // pressed twice while it came
    const form = objectionForm(async (text) => {
      const told = await acts.object(decision.id, text);
      if (!told) return;
      Object.assign(decision, told);
      draw();
      note.tabIndex = -1;
      note.focus();
    }, () => { draw(); note.querySelector("button")?.focus(); });
    note.querySelector("button").replaceWith(form);
    form.querySelector("textarea").focus();
  };
  draw();
  return note;
}
