// Markdown → clean HTML, block by block: marked, then highlighter and formulas, DOMPurify always last.
// It paints into an element it is given and keeps blocks that did not change; it knows nothing of messages.

import { Marked } from "../vendor/marked.esm.js";
import "../vendor/purify.min.js";
import { dressCode, fold, foldLong, highlightIn, isFolded } from "./code_blocks.js";
import { closeMarkdown } from "./markdown_closing.js";
import { escape, htmlFrom, more, tokensOf, withOpening } from "./markdown_more.js";
import { drawable, formulas, mathState } from "./math.js";
import { t } from "./words.js";

const purify = globalThis.DOMPurify;
const marked = new Marked({ gfm: true, breaks: true, async: false });
marked.use(formulas, more);
marked.use({
  renderer: {
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || t("image"))}</a>`, // nothing is fetched from elsewhere
  },
});

const CLEAN = {
  USE_PROFILES: { html: true, mathMl: true },
  FORBID_TAGS: ["style", "form", "button", "textarea", "select", "iframe", "video", "audio", "dialog", "link", "meta", "base", "img", "picture", "source", "area", "map"],
  FORBID_ATTR: ["style", "id", "name", "tabindex", "autofocus", "popover", "is", "srcset"],
  ALLOW_DATA_ATTR: false,
};

purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
  if (node.tagName === "INPUT") {
    if (node.getAttribute("type") !== "checkbox") node.remove();
    else node.setAttribute("aria-label", node.hasAttribute("checked") ? t("done") : t("to do"));
  }
  if (node.tagName === "mtable") tellCells(node);
});

/** Browsers mind what a formula's table says of its columns and rows no more: cells say it themselves, for the style sheet. */
function tellCells(table) {
  const [sides, columns, rows] = ["columnalign", "columnlines", "rowlines"].map((name) => table.getAttribute(name)?.split(" ") ?? []);
  [...table.children].forEach((row, number) => {
    [...row.children].filter((cell) => cell.className !== "mtr-glue").forEach((cell, at) => {
      for (const [name, value] of [["columnalign", sides[at]], ["columnlines", columns[at]], ["rowlines", rows[number]]]) if (value) cell.setAttribute(name, value);
    });
  });
}

/** The top-level blocks of a text: [{raw, html}], sanitised. */
function blocksOf(text) {
  const tokens = tokensOf(marked, text);
  const blocks = [];
  const notes = [...(tokens.notes ?? [])].join();
  const links = Object.entries(tokens.links ?? {});
  const linked = (raw) => links.filter(([label]) => raw.toLowerCase().includes(`[${label}]`)).map(([label, { href }]) => `${label} ${href}`).join(); // defined elsewhere
  for (const token of tokens) if (token.type !== "space" && token.type !== "def") blocks.push({ raw: `${token.type}:${token.raw}${token.raw.includes("[^") ? notes : ""}${linked(token.raw)}`, token });
  return blocks;
}

/** The tokens of a text as it is drawn, for who has it said. */
export const tokensIn = (text, { live = false } = {}) => tokensOf(marked, withOpening(live ? closeMarkdown(text, drawable) : text));

/** A block with a formula is made anew once formulas can be drawn. */
const stateFor = (raw) => (/\$|\\[([]/.test(raw) ? mathState() : null);

const htmlOf = (token) => purify.sanitize(htmlFrom(marked, token), CLEAN);

/** Paints text into root; unchanged blocks keep their nodes, so selections and scroll places inside code survive. */
export function paintMarkdown(root, text, { live = false } = {}) {
  const blocks = blocksOf(withOpening(live ? closeMarkdown(text, drawable) : text));
  const isFirst = !root.blocks;
  const old = root.blocks ?? [];
  let same = 0;
  while (same < blocks.length && same < old.length && old[same].raw === blocks[same].raw && old[same].math === stateFor(blocks[same].raw)) same += 1;
  const reusable = old.slice(same).map((block) => block.node);
  for (let index = same; index < blocks.length; index += 1) {
    const node = reusable.shift() ?? root.appendChild(newBlock());
    draw(node, blocks[index].token);
    blocks[index].node = node;
    blocks[index].math = stateFor(blocks[index].raw);
  }
  for (let index = 0; index < same; index += 1) blocks[index] = old[index];
  for (const node of reusable) node.remove();
  root.blocks = blocks;
  if (isFirst && !live) foldLong(root); // what one has watched coming stays as it is
  highlightIn(root, { live });
}

/** A thought that grows is not made anew: a person may be reading it, by its button. */
function draw(node, token) {
  const thought = token.type === "thought" && token.text ? node.querySelector(":scope > .thought") : null;
  if (!thought) return keepingPlaces(node, () => {
    node.innerHTML = htmlOf(token);
    dress(node);
  });
  thought.classList.toggle("unfinished", !token.ended);
  thought.querySelector(".thought-text").textContent = token.text;
}

/** What a person has opened and how far they have scrolled aside stays while the block is drawn anew. */
function keepingPlaces(node, draw) {
  const all = (selector) => [...node.querySelectorAll(selector)];
  const open = all("details").map((each) => each.open);
  const folded = all(".code-block").map(isFolded);
  const left = all("pre, .table-wrap").map((each) => each.scrollLeft);
  draw();
  all(".code-block").forEach((each, at) => folded[at] && fold(each));
  all("details").forEach((each, at) => { each.open = open[at] ?? each.open; });
  all("pre, .table-wrap").forEach((each, at) => left[at] && each.scrollTo({ left: left[at], behavior: "instant" }));
}

function newBlock() {
  const node = document.createElement("div");
  node.className = "block";
  node.dir = "auto";
  return node;
}

const LONG_CELL = 30; // characters: a cell with more gets a width that reads well, and the table scrolls

/** What is added after sanitising is made by us, node by node. */
function dress(node) {
  for (const quote of node.querySelectorAll("blockquote")) quote.dir = "auto"; // its bar is where its own words begin
  for (const table of node.querySelectorAll("table")) {
    for (const cell of table.querySelectorAll("th, td")) if (cell.textContent.length > LONG_CELL) cell.classList.add("long");
    const wrap = document.createElement("div");
    wrap.className = "table-wrap";
    wrap.tabIndex = 0;
    wrap.setAttribute("role", "group");
    wrap.setAttribute("aria-label", t("Table"));
    table.replaceWith(wrap);
    wrap.append(table);
  }
  for (const pre of node.querySelectorAll("pre")) dressCode(pre);
}

/** Glues the caret to the last character, inside lists and code too. */
export function placeCaret(root) {
  root.querySelector(".caret")?.remove();
  const caret = document.createElement("span");
  caret.className = "caret";
  caret.setAttribute("aria-hidden", "true");
  let node = root;
  for (;;) {
    const last = [...node.childNodes].reverse().find((child) => child.nodeType === 1 || child.textContent.trim() !== "");
    if (last?.tagName === "DETAILS" && !last.open) {
      node = last.querySelector("summary");
      break;
    }
    if (!last || last.nodeType !== 1 || /^(BR|HR|INPUT|MATH|svg)$/i.test(last.tagName) || last.closest("math")) break;
    node = last;
  }
  if (node.tagName === "TABLE" || node.tagName === "TR") node = root;
  const tail = node.lastChild;
  if (tail?.nodeType === 3 && node.closest("pre") && tail.data.endsWith("\n")) tail.data = tail.data.slice(0, -1);
  node.append(caret);
}

export function removeCaret(root) {
  root.querySelector(".caret")?.remove();
}
