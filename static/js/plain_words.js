// The first words of an answer as plain text: without thoughts, signs of Markdown and tags. Pure.

import { answerStart } from "./markdown_more.js";

const SIGNS = [
  [/^ {0,3}(?:```|~~~).*$/gm, " "], // fences; what stands between them stays
  [/!?\[([^\]\n]*)\]\([^)\n]*\)/g, "$1"],
  [/<\/?[a-z][^<>\n]*>|<!--[\s\S]*?-->/gi, " "],
  [/^ {0,3}(?:#{1,6}\s+|>\s?|[-*+]\s+|\d{1,9}[.)]\s+)+/gm, ""],
  [/^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?$/gm, " "], // the line below a table's head
  [/^ {0,3}(?:[-*_] ?){3,}$/gm, " "],
  [/\*\*|__|~~|`+|\|/g, " "],
  [/(^|[^\p{L}\p{N}\\])[*_](?=\S)|(?<=[^\s\\])[*_](?![\p{L}\p{N}])/gu, "$1"],
  [/\\([!-/:-@[-`{-~])/g, "$1"],
];

export function firstWords(text, most = 140) {
  const plain = SIGNS.reduce((rest, [sign, by]) => rest.replace(sign, by), text.slice(answerStart(text)).slice(0, most * 8)).replace(/\s+/g, " ").replace(/ (?=[.,;:!?])/g, "").trim();
  if (plain.length <= most) return plain;
  const cut = plain.slice(0, most);
  const space = cut.lastIndexOf(" ");
  return `${(space > most / 2 ? cut.slice(0, space) : cut.replace(/[\ud800-\udbff]$/, "")).trimEnd()}…`;
}
