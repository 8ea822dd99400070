// Closes what a half-written Markdown text has left open, so that half a table, fence or bold word never flashes.
// Pure text in, text out; it renders nothing.

import { TAGS, answerStart } from "./markdown_more.js";
import { closeTex } from "./math_closing.js";
import { closeBareTable, holdTilde, withReferences } from "./markdown_waiting.js";
import { blockFormulas, formulasOf, maskFormulas } from "./math_rules.js";

const INSIDE = String.raw`[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*`; // a quotation, a list
const FENCE = new RegExp(`^(${INSIDE})(\`{3,}|~{3,})(.*)$`);
const BARE = new RegExp(`^${INSIDE}(?:#{1,6}|[-*+]|-{2,}|=+|\\*{2,3}|_{2,3}|~{1,2}|\`{1,2}|\\d{1,9}[.)]?|>|!|[-*+]\\s+\\[[ xX]?\\]?|\\[[^\\][\\n]+\\]:\\s*(?:<[^>]*|\\S+\\s+["'(][^"')]*)?)\\s*$`);
const DELIMITER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-*:?\s*)*\|?\s*$/;
const LONGEST_LINK = 80;
const HELD = [...TAGS, "http", "https", "mailto"];

/** drawable: whether a formula can be drawn, (tex) => boolean; without it a block formula waits until it is whole. */
export function closeMarkdown(text, drawable = () => false) {
  const start = answerStart(text); // what is thought is shown as it is written
  return holdTag(text.slice(0, start)) + withReferences(closeAnswer(text.slice(start), drawable));
}

function closeAnswer(text, drawable) {
  const lines = text.split("\n");
  const fence = openFence(lines);
  if (fence !== null) return closeFence(lines, fence);
  const { open: formula, closedLine } = blockFormulas(text);
  if (!formula) return closeLines(holdSign(text).split("\n"), closedLine + 1);
  const begun = closeTex(formula.source, drawable);
  if (begun) return `${text.slice(0, formula.index + 2)}${begun}${formula.end}`;
  return closeAnswer(text.slice(0, formula.index), drawable);
}

/** A tag, an address in <>, an entity or an escape that is being written, at the very end of a text, waits until it is whole. */
function holdSign(text) {
  if (inCode(text.slice(text.lastIndexOf("\n") + 1))) return text;
  const half = /<(?:https?:|mailto:)[^\s<>]*$|&(?:#?[a-z0-9]{0,10})$|(?<!\\)(?:\\\\)*\\$/i.exec(text);
  if (!half) return holdTag(text);
  return text.slice(0, half[0].endsWith("\\") ? -1 : half.index);
}

function holdTag(text) {
  const half = /<(?:\/?(?:([a-z][a-z0-9]*)(?:\s+(?:[a-z-]+(?:=[^<>\n]{0,200})?)?|\s*\/)?)?|!-{0,2}|!--[^>]{0,2000})$/i.exec(text);
  if (!half || text.slice(0, half.index).endsWith("\\")) return text;
  const name = (half[1] ?? "").toLowerCase();
  const whole = /[\s/]/.test(half[0].slice(2)); // the name is, the tag is not
  const known = half[0].startsWith("<!") || (whole ? TAGS.includes(name) : HELD.some((tag) => tag.startsWith(name)));
  return known ? text.slice(0, half.index) : text;
}

/** The run of backticks that is open at the end of a text, or "". */
function openTicks(text) {
  let open = "";
  for (const [run] of text.matchAll(/`+/g)) {
    if (open === "") open = run;
    else if (run === open) open = "";
  }
  return open;
}

const inCode = (line) => openTicks(line) !== "";

/** The marker of a fence that is still open, with what stands before it and its line, or null. */
function openFence(lines) {
  let open = null;
  for (const [index, line] of lines.entries()) {
    const found = FENCE.exec(line);
    if (!found) continue;
    const [, before, marker, after] = found;
    if (open === null) {
      if (!(marker[0] === "`" && after.includes("`"))) open = { before, marker, index };
    } else if (marker[0] === open.marker[0] && marker.length >= open.marker.length && after.trim() === "" && /^[\s>]*$/.test(before)) {
      open = null;
    }
  }
  return open;
}

function closeFence(lines, { before, marker, index }) {
  const last = lines[lines.length - 1];
  const half = index < lines.length - 1 && /^[\s>]*(`{1,}|~{1,})$/.test(last) && last.trim().at(-1) === marker[0];
  const kept = half ? lines.slice(0, -1) : lines;
  return `${kept.join("\n")}\n${before.replace(/[^\s>]/g, " ")}${marker}`;
}

function closeLines(lines, least) {
  if (lines.length > 1 && lines.at(-1) === "" && lines.at(-2).trim() !== "") return closeLines(lines.slice(0, -1), least);
  const start = Math.max(least, blockStart(lines));
  const head = lines.slice(0, start);
  let block = lines.slice(start);
  block = holdMarker(block);
  if (block.some((line) => /^\s*\|/.test(line))) block = closeTable(block);
  else if (block.length) block = closeBareTable(block, closeInline) ?? closeInline(block.join("\n")).split("\n");
  return [...head, ...block].join("\n");
}

/** Where the last paragraph, list or table begins: after the last empty line, or the end of a fence. */
function blockStart(lines) {
  for (let index = lines.length - 1; index >= 0; index -= 1) if (lines[index].trim() === "" || FENCE.test(lines[index])) return index + 1;
  return 0;
}

/** A last line that is only a marker would turn the line above into a heading, or show as a bare sign. */
function holdMarker(block) {
  return BARE.test(block.at(-1) ?? "") ? block.slice(0, -1) : block;
}

function closeTable(block) {
  const first = block.findIndex((line) => /^\s*\|/.test(line));
  const rows = block.slice(first);
  const columns = Math.max(1, cells(rows[0]));
  const delimiter = `|${" --- |".repeat(columns)}`;
  if (rows.length === 1 && /^\s*\|\s*$/.test(rows[0])) return block.slice(0, first);
  if (rows.length === 1) return [...block.slice(0, first), `${rows[0].replace(/\|?\s*$/, "")} |`, delimiter];
  if (rows.length === 2 && (DELIMITER.test(rows[1]) || /^\s*\|?\s*:?$/.test(rows[1]))) return [...block.slice(0, first), rows[0], delimiter];
  const last = rows[rows.length - 1];
  if (/^\s*\|?\s*$/.test(last)) return block.slice(0, -1);
  return [...block.slice(0, -1), closeInline(last)];
}

function cells(row) {
  return row.trim().replace(/^\|/, "").replace(/\|\s*$/, "").split(/(?<!\\)\|/).length;
}

/** Closes code, bold, italic, struck and linked words of the last block. */
function closeInline(text) {
  const { unfinished } = formulasOf(text);
  return closeWords(unfinished >= 0 ? text.slice(0, unfinished).trimEnd() : text);
}

function closeWords(text) {
  const ticks = openTicks(text);
  if (ticks) return closeCode(text, ticks);
  return closeEmphasis(holdTilde(holdLink(text)));
}

function closeCode(text, ticks) {
  const [tail] = /`*$/.exec(text);
  const begun = text.slice(0, text.length - tail.length);
  return openTicks(begun) ? `${begun}${ticks}` : closeWords(begun.trimEnd());
}

/** [text](http… → text, until the link is whole; what is no link yet, and may never be one, waits for its end. */
function holdLink(text) {
  const bare = text.replace(/`[^`]*`/g, (code) => " ".repeat(code.length));
  if (/\[[^\][\n]+\]\[[^\][\n]*\]$/.test(bare)) return text; // a reference is whole
  const half = /!?\[([^\][\n]*)\]\([^()\n]*$/.exec(bare) ?? /!?\[[^\][\n]*(?:\](?:\[[^\][\n]*)?)?$/.exec(bare);
  if (!half || bare.slice(0, half.index).endsWith("\\")) return text;
  const before = text.slice(0, half.index);
  if (half[1] === undefined) return half[0].length > LONGEST_LINK ? text : before.trimEnd();
  return half[0][0] === "!" ? before.trimEnd() : before + text.slice(half.index + 1, half.index + 1 + half[1].length);
}

function closeEmphasis(text) {
  const trimmed = text.trimEnd();
  const bare = maskFormulas(trimmed).replace(/`[^`]*`/g, (code) => " ".repeat(code.length)).replace(/\\./g, "  ");
  const stack = openMarkers(bare);
  if (!stack.length) return half(text, trimmed, bare);
  const last = stack.at(-1);
  if (last.index + last.marker.length === trimmed.length) return closeEmphasis(trimmed.slice(0, last.index).trimEnd()); // nothing in it yet
  const run = /([*_~])\1*$/.exec(bare)?.[0] ?? "";
  if (run && last.marker.startsWith(run[0]) && run.length < last.marker.length) return closeEmphasis(trimmed.slice(0, -run.length)); // half of its end
  return trimmed + stack.map(({ marker }) => marker).reverse().join("");
}

/** "~~gone~": one sign of two. */
function half(text, trimmed, bare) {
  return /(?<!~)~$/.test(bare) && /~~[^~]+~$/.test(bare) ? closeEmphasis(`${trimmed}~`) : text;
}

function openMarkers(bare) {
  const stack = [];
  for (const found of bare.matchAll(/\*{1,3}|~~|(?<![\p{L}\p{N}])_{1,3}|_{1,3}(?![\p{L}\p{N}])/gu)) {
    const [marker] = found;
    const before = bare[found.index - 1] ?? " ";
    const after = bare[found.index + marker.length] ?? "";
    const ends = after === "" && stack.length && stack.at(-1).marker.startsWith(marker) && stack.at(-1).marker !== marker;
    const top = stack.findLastIndex((open) => open.marker === marker);
    if (ends) continue; // the first sign of two
    if (top >= 0 && /\S/.test(before)) stack.length = top;
    else if (after === "" || /\S/.test(after)) stack.push({ marker, index: found.index });
  }
  return stack;
}
