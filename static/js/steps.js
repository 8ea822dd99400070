// What Echo computed for an answer: one line above it for each step, which opens to what went in and what came out. It knows no message list.

import { element, icon } from "./icons.js";
import { n, t } from "./words.js";

const DONE = {
  calculator: (step) => t("Calculated {input}", step),
  calendar: (step) => t("Looked up {input}", step),
  units: (step) => t("Converted {input}", step),
  help: (step) => t("From the help: {input}", step),
  documents: ({ result }) => n(Number(result), "Searched your documents: {count} passage", "Searched your documents: {count} passages"),
};

export const title = (step) => DONE[step.tool]?.(step) ?? t("Computed {input}", step);

export function stepNode(step) {
  return element("details", { class: "step" },
    element("summary", {}, icon("chevron"), element("span", {}, title(step))),
    step.tool === "help" ? element("p", { dir: "auto" }, step.result) : element("dl", {}, element("dt", {}, t("Input")), element("dd", {}, step.input), element("dt", {}, t("Result")), element("dd", {}, step.result)));
}
