// Closes what a half-written Markdown text has left open, so that half a table, fence or bold word never flashes.
// Pure text in, text out; it renders nothing.

import { TAGS, answerStart } from "./markdown_more.js";
import { formulasOf, maskFormulas, unfinishedBlock } from "./math_rules.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const DELIMITER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-*:?\s*)*\|?\s*$/;

export function closeMarkdown(text) {
  const start = answerStart(text); // what is thought is shown as it is written
  return holdTag(text.slice(0, start)) + closeAnswer(holdTag(text.slice(start)));
}

function closeAnswer(text) {
  const lines = text.split("\n");
  const fence = openFence(lines);
  if (fence !== null) return closeFence(lines, fence);
  const formula = unfinishedBlock(text);
  if (formula) return `${text.slice(0, formula.index + 2)}${formula.source}${formula.end}`;
  return closeLines(lines);
}

/** A tag that is being written, at the very end of a text, waits until it is whole. */
function holdTag(text) {
  const half = /<(?:\/?([a-z][a-z0-9]*)?(?:\s[^<>\n]{0,200})?|!-{0,2}|!--[^>]{0,2000})$/i.exec(text);
  if (!half || text.slice(0, half.index).endsWith("\\")) return text;
  const name = (half[1] ?? "").toLowerCase();
  const known = /\s/.test(half[0]) ? half[0].startsWith("<!--") || TAGS.includes(name) : TAGS.some((tag) => tag.startsWith(name));
  return known ? text.slice(0, half.index) : text;
}

/** The marker of a fence that is still open, with its line, or null. */
function openFence(lines) {
  let open = null;
  for (const [index, line] of lines.entries()) {
    const found = FENCE.exec(line);
    if (!found) continue;
    if (open === null) {
      if (!(found[1][0] === "`" && found[2].includes("`"))) open = { marker: found[1], index };
    } else if (found[1][0] === open.marker[0] && found[1].length >= open.marker.length && found[2].trim() === "") {
      open = null;
    }
  }
  return open;
}

function closeFence(lines, { marker, index }) {
  const last = lines[lines.length - 1];
  const half = index < lines.length - 1 && /^ {0,3}(`{1,}|~{1,})$/.test(last) && last.trim()[0] === marker[0];
  const kept = half ? lines.slice(0, -1) : lines;
  return `${kept.join("\n")}\n${marker}`;
}

function closeLines(lines) {
  const start = blockStart(lines);
  const head = lines.slice(0, start);
  let block = lines.slice(start);
  block = holdMarker(block);
  if (block.some((line) => /^\s*\|/.test(line))) block = closeTable(block);
  else if (block.length) block = closeInline(block.join("\n")).split("\n");
  return [...head, ...block].join("\n");
}

/** Where the last paragraph, list or table begins: after the last empty line. */
function blockStart(lines) {
  for (let index = lines.length - 1; index >= 0; index -= 1) if (lines[index].trim() === "") return index + 1;
  return 0;
}

/** A last line that is only a marker would turn the line above into a heading, or show as a bare sign. */
function holdMarker(block) {
  const last = block[block.length - 1] ?? "";
  const bare = /^\s*(#{1,6}|[-*+]|-{2,}|=+|\*{2,3}|_{2,3}|~{1,2}|`{1,2}|\d{1,9}[.)]|>|!|\[)\s*$/.test(last);
  return bare ? block.slice(0, -1) : block;
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
export function closeInline(text) {
  const { unfinished } = formulasOf(text);
  if (unfinished >= 0) return closeInline(text.slice(0, unfinished).trimEnd());
  let plain = text;
  const ticks = plain.match(/(?<!`)`(?!`)/g) ?? [];
  if (ticks.length % 2 === 1) {
    if (plain.endsWith("`")) return closeInline(plain.slice(0, -1).trimEnd());
    return `${plain}\``;
  }
  plain = holdLink(plain);
  return closeEmphasis(plain);
}

/** [text](http… → text, until the link is whole. */
function holdLink(text) {
  const half = /!?\[([^\][]*)\]\([^()\s]*$/.exec(text) ?? /!?\[([^\][]*)$/.exec(text);
  if (!half || text.slice(0, half.index).endsWith("\\")) return text;
  return text.slice(0, half.index) + (/^(?:!|\[\^)/.test(half[0]) ? "" : half[1]);
}

function closeEmphasis(text) {
  const stack = [];
  const bare = maskFormulas(text).replace(/`[^`]*`/g, (code) => " ".repeat(code.length)).replace(/\\./g, "  ");
  for (const found of bare.matchAll(/\*{1,3}|~~|(?<![\p{L}\p{N}])_{1,3}|_{1,3}(?![\p{L}\p{N}])/gu)) {
    const marker = found[0];
    const before = bare[found.index - 1] ?? " ";
    const after = bare[found.index + marker.length] ?? "";
    const top = stack.lastIndexOf(marker);
    if (top >= 0 && /\S/.test(before)) stack.length = top;
    else if (after === "" || /\S/.test(after)) stack.push(marker);
  }
  if (!stack.length) return text;
  const trimmed = text.replace(/\s+$/, "");
  const open = stack[stack.length - 1];
  if (trimmed.endsWith(open) && bare.trimEnd().endsWith(open)) {
    stack.pop();
    return closeEmphasis(trimmed.slice(0, -open.length).trimEnd());
  }
  return trimmed + stack.reverse().join("");
}
