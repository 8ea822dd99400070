// Code blocks: a head with language, Copy and fold, and colours from a highlighter that is fetched only when code appears.

import { element, icon } from "./icons.js";
import { n, t } from "./words.js";

const FOLD_BEYOND = 40; // lines
const names = { js: "JavaScript", ts: "TypeScript", py: "Python", python: "Python", javascript: "JavaScript", typescript: "TypeScript", sh: "Shell", bash: "Shell", html: "HTML", css: "CSS", json: "JSON", sql: "SQL", cpp: "C++", csharp: "C#", yaml: "YAML", xml: "XML" };

let highlighter = null;
let loading = null;
let announce = () => {};

export const announceWith = (say) => { announce = say; };

const languageOf = (code) => /language-([\w+#.-]+)/.exec(code.className)?.[1]?.toLowerCase() ?? "";

/** Puts a <pre> that marked made into a figure of ours. */
export function dressCode(pre) {
  const code = pre.querySelector("code") ?? pre;
  const language = languageOf(code);
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", language ? t("Code, {language}", { language }) : t("Code"));
  const figure = element("div", { class: "code-block", dir: "ltr" });
  const copy = element("button", { type: "button", class: "copy-code" }, icon("copy"), element("span", {}, t("Copy")));
  copy.addEventListener("click", () => copyFrom(copy, code));
  const head = element("div", { class: "code-head" }, element("span", { class: "language" }, names[language] ?? language ?? ""));
  pre.replaceWith(figure);
  figure.append(head, pre);
  const lines = code.textContent.replace(/\n$/, "").split("\n").length;
  if (lines > FOLD_BEYOND) head.append(foldButton(figure, lines));
  head.append(copy);
}

function foldButton(figure, lines) {
  const button = element("button", { type: "button", class: "fold-code", "aria-expanded": "true", "data-lines": lines }, t("Collapse"));
  button.addEventListener("click", () => {
    fold(figure, !isFolded(figure));
    if (isFolded(figure)) figure.scrollIntoView({ block: "nearest" }); // its head may have stuck far below its beginning
  });
  return button;
}

export const isFolded = (figure) => figure.classList.contains("folded");

export function fold(figure, folded = true) {
  const button = figure.querySelector(".fold-code");
  if (!button) return;
  figure.classList.toggle("folded", folded);
  button.textContent = folded ? n(Number(button.dataset.lines), "Show all {count} line", "Show all {count} lines") : t("Collapse");
  button.setAttribute("aria-expanded", String(!folded));
}

/** An answer that is read again: its long blocks show how they begin. */
export function foldLong(root) {
  for (const figure of root.querySelectorAll(".code-block")) fold(figure);
}

async function copyFrom(button, code) {
  const done = await copyText(code.textContent.replace(/\n$/, ""));
  const label = button.querySelector("span");
  label.textContent = done ? t("Copied") : t("Press Ctrl C");
  button.querySelector("use").setAttribute("href", done ? "#i-check" : "#i-copy");
  announce(done ? t("Code copied") : t("Copying was refused by the browser"));
  setTimeout(() => {
    label.textContent = t("Copy");
    button.querySelector("use").setAttribute("href", "#i-copy");
  }, 1600);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text);
  }
}

/** Plain http on another machine has no clipboard object. */
function copyOldWay(text) {
  const area = element("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  const focused = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}

/** Colours what is not coloured yet; a block that is still being written is coloured too, once the highlighter is here. */
export function highlightIn(root, { live = false } = {}) {
  const waiting = [...root.querySelectorAll(".code-block code:not([data-coloured])")];
  if (!waiting.length) return;
  if (!highlighter) {
    loading ??= import("../vendor/highlight.min.js").then((module) => { highlighter = module.default; });
    loading.then(() => highlightIn(root, { live })).catch(() => { loading = null; });
    return;
  }
  for (const code of waiting) colour(code);
}

function colour(code) {
  const language = languageOf(code);
  const text = code.textContent;
  code.dataset.coloured = "1";
  if (!language || !highlighter.getLanguage(language) || text.length > 60000) return;
  const caret = code.querySelector(".caret");
  code.innerHTML = highlighter.highlight(text, { language, ignoreIllegals: true }).value; // escaped text and spans only
  if (caret) code.append(caret);
}
