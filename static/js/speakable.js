// An answer's Markdown as what a voice can say: marked's tokens in, sentences out. Code is announced and not read, thoughts,
// tags, citations and pictures of faces are passed over, formulas are put into words. Pure; it knows no voice.

import { t } from "./words.js";

const HOST = /^(?:https?:\/\/)?(?:www\.)?([^/?#\s]+)/i;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " ", "#39": "'" };

// ---- formulas ---------------------------------------------------------------------------------------------------

// Translators: these words are put between numbers when a formula is read aloud
const COMMANDS = {
  times: t("times"), cdot: t("times"), ast: t("times"), div: t("divided by"), pm: t("plus or minus"), mp: t("minus or plus"), le: t("is at most"), leq: t("is at most"),
  ge: t("is at least"), geq: t("is at least"), ne: t("is not"), neq: t("is not"), approx: t("is about"), equiv: t("is equivalent to"), sim: t("is like"), propto: t("is proportional to"),
  infty: t("infinity"), sum: t("sum"), prod: t("product"), int: t("integral"), partial: t("partial"), nabla: t("nabla"), in: t("in"), notin: t("not in"), subset: t("subset of"),
  cup: t("union"), cap: t("intersection"), forall: t("for all"), exists: t("there is"), to: t("to"), rightarrow: t("to"), Rightarrow: t("implies"), implies: t("implies"),
  iff: t("if and only if"), ldots: t("and so on"), cdots: t("and so on"), dots: t("and so on"), degree: t("degrees"), circ: t("degrees"), "%": t("percent"),
};
const SILENT = /\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|quad|qquad|begin\{\w+\*?\}|end\{\w+\*?\}|[,;:! ])/g;
const SAID = { equals: t("equals"), plus: t("plus"), minus: t("minus"), less: t("is less than"), greater: t("is greater than"), over: t("over"), times: t("times") };
const SIGNS = [[/\\\\/g, ", "], [/=/g, ` ${SAID.equals} `], [/\+/g, ` ${SAID.plus} `], [/[-−]/g, ` ${SAID.minus} `], [/</g, ` ${SAID.less} `], [/>/g, ` ${SAID.greater} `], [/\//g, ` ${SAID.over} `], [/\*/g, ` ${SAID.times} `]];
const GROUPS = [
  [/\\(?:text|mathrm|mathbf|mathit|mathbb|mathcal|operatorname|mbox|vec|hat|bar|overline)\*?\s*\{([^{}]*)\}/g, " $1 "],
  [/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, ` ${t("{top} over {bottom}", { top: "$1", bottom: "$2" })} `],
  [/\\sqrt\s*\{([^{}]*)\}/g, ` ${t("the square root of {number}", { number: "$1" })} `],
  [/\^\s*(?:\{\s*\\circ\s*\}|\\circ)/g, ` ${t("degrees")} `],
  [/\^\s*(?:\{\s*2\s*\}|2)/g, ` ${t("squared")} `],
  [/\^\s*(?:\{\s*3\s*\}|3)/g, ` ${t("cubed")} `],
  [/\^\s*(?:\{([^{}]*)\}|(\\[a-zA-Z]+|[^\s{}\\]))/g, ` ${t("to the power of {power}", { power: "$1$2" })} `],
  [/_\s*(?:\{([^{}]*)\}|(\\[a-zA-Z]+|[^\s{}\\]))/g, " $1$2 "],
];
const DEEPEST = 12; // braces within braces

/** "\frac{x^2}{3}" → "x squared over 3" */
export function formulaInWords(source) {
  let text = source.replace(SILENT, " ").slice(0, 2000);
  for (let depth = 0, before = null; depth < DEEPEST && text !== before; depth += 1) {
    before = text;
    for (const [group, words] of GROUPS) text = text.replace(group, words);
    if (text === before) text = text.replace(/\{([^{}]*)\}/g, " $1 ");
  }
  for (const [sign, words] of SIGNS) text = text.replace(sign, words);
  return text.replace(/\\([a-zA-Z]+|%)/g, (_, name) => ` ${COMMANDS[name] ?? name} `).replace(/[\\{}&~$]/g, " ").replace(/\s+/g, " ").trim();
}

// ---- Markdown ---------------------------------------------------------------------------------------------------

const linkText = ({ text, href, tokens }) => (text === href || /^https?:\/\//i.test(text) ? HOST.exec(href.replace(/^mailto:/, ""))?.[1] ?? text : inline(tokens));

const INLINE = {
  html: ({ text }) => (/^<br\b/i.test(text) ? "\n" : ""),
  noteMark: () => "",
  checkbox: () => "",
  br: () => "\n",
  image: ({ text }) => text,
  link: linkText,
  mathInline: ({ source }) => ` ${formulaInWords(source)} `,
};

function inline(tokens = []) {
  return tokens.map((token) => INLINE[token.type]?.(token) ?? (token.tokens ? inline(token.tokens) : token.text ?? "")).join("");
}

const NOTHING = () => [];
const BLOCKS = {
  space: NOTHING,
  def: NOTHING,
  hr: NOTHING,
  thought: NOTHING,
  checkbox: NOTHING,
  code: ({ lang }) => [lang ? t("Code block, {language}.", { language: lang.split(/\s/)[0] }) : t("Code block.")],
  mathBlock: ({ source }) => [formulaInWords(source)],
  list: ({ items, ordered, start }) => items.flatMap((item, at) => itemLines(item, ordered ? `${Number(start || 1) + at}: ` : "")),
  blockquote: ({ tokens }) => blocks(tokens),
  details: ({ summary, tokens }) => [inline(summary), ...blocks(tokens)],
  noteDefinition: ({ label, tokens }) => [t("Note {label}: {text}", { label, text: inline(tokens) })],
  table: ({ header, rows }) => [t("Table."), ...[header, ...rows].map((cells) => cells.map((cell) => inline(cell.tokens)).filter(Boolean).join("; "))],
  html: ({ text }) => text.replace(/<!--[\s\S]*?(?:-->|$)/g, "").replace(/<\/(?:tr|p|li)>/gi, "\n").replace(/<\/t[dh]>/gi, "; ").replace(/<[^>]*>/g, "").split("\n"),
  plain: ({ raw }) => [raw],
};

function itemLines(item, number) {
  const [first = "", ...rest] = blocks(item.tokens);
  return [`${number}${item.task ? (item.checked ? `${t("Done:")} ` : `${t("To do:")} `) : ""}${first}`, ...rest];
}

function blocks(tokens = []) {
  return tokens.flatMap((token) => BLOCKS[token.type]?.(token) ?? [inline(token.tokens ?? [token])]);
}

const clean = (text) => text
  .replace(/&(amp|lt|gt|quot|nbsp|#39);/g, (_, name) => ENTITIES[name])
  .replace(/\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\](?!\()/g, "") // what names a passage
  .replace(/[\p{Extended_Pictographic}\u200b-\u200f\ufe0f\u20e3\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}]/gu, (sign) => (/[©®™]/.test(sign) ? sign : ""))
  .replace(/\s+/g, " ")
  .trim();

/** One text for each line that is heard as one: paragraphs, items, rows. */
export const spokenLines = (tokens) => blocks(tokens).flatMap((text) => text.split("\n")).map(clean).filter((text) => /[\p{L}\p{N}]/u.test(text));

// ---- sentences --------------------------------------------------------------------------------------------------

const LONGEST = 240; // characters: some voices fall silent in the middle of what is longer
const GOES_ON = /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|Nr|No|Fig|vs|approx|e\.\s?g|i\.\s?e|z\.\s?B|d\.\s?h|bzw|ca|cf|p|\p{Lu})\.\s*$/u;

function segments(text, lang) {
  if (globalThis.Intl?.Segmenter) return [...new Intl.Segmenter(lang, { granularity: "sentence" }).segment(text)].map(({ segment }) => segment);
  return text.match(/[\s\S]+?(?:[.!?…]+["'”’)\]]*(?=\s)\s*|[。！？]+|$)/g) ?? [text];
}

/** One line's sentences; "Dr. No" is none. */
function sentencesIn(line, lang) {
  const found = [];
  for (const part of segments(line, lang)) {
    if (found.length && GOES_ON.test(found.at(-1))) found.push(found.pop() + part);
    else found.push(part);
  }
  return found.map((text) => text.trim()).filter((text) => /[\p{L}\p{N}]/u.test(text));
}

/** What is too long to be said at once, cut where one would breathe. */
function breaths(text) {
  if (text.length <= LONGEST) return [text];
  const head = text.slice(0, LONGEST);
  const at = [/.*[,;:–—،、，；](?=\s|[^\x00-\x7f])/su, /.*\s/su].map((cut) => cut.exec(head)?.[0].length ?? 0).find((length) => length > LONGEST / 4) ?? LONGEST;
  return [text.slice(0, at).trim(), ...breaths(text.slice(at).trim())];
}

/** The sentences of an answer. While it grows its last one may not be whole yet, and is left out. */
export function sentencesOf(tokens, { lang = "en", growing = false } = {}) {
  const lines = spokenLines(tokens);
  const last = tokens.at(-1);
  const cut = growing && !(last?.type === "code" && last.text) && !["space", "hr"].includes(last?.type); // with its first line, code is known for what it is
  return lines.flatMap((line, at) => {
    const all = sentencesIn(line, lang);
    return cut && at === lines.length - 1 ? all.slice(0, -1) : all;
  }).flatMap(breaths);
}
