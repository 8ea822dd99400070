// What Echo computed for an answer: one line above it for each step, which opens to what went in and what came out. It knows no message list.

import { element, icon } from "./icons.js";

const DONE = { calculator: "Calculated", calendar: "Looked up", units: "Converted" };

export const title = ({ tool, input }) => `${DONE[tool] ?? "Computed"} ${input}`;

export function stepsNode(steps) {
  return element("div", { class: "steps" }, ...steps.map((step) => element("details", { class: "step" },
    element("summary", {}, icon("chevron"), element("span", {}, title(step))),
    element("dl", {}, element("dt", {}, "Input"), element("dd", {}, step.input), element("dt", {}, "Result"), element("dd", {}, step.result)))));
}
