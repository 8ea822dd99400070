// An answer's Markdown as what a voice can say: marked's tokens in, sentences out. Code is announced and not read, thoughts,
// tags, citations and pictures of faces are passed over, formulas are put into (English) words. Pure; it knows no voice.

const HOST = /^(?:https?:\/\/)?(?:www\.)?([^/?#\s]+)/i;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " ", "#39": "'" };

// ---- formulas ---------------------------------------------------------------------------------------------------

const COMMANDS = {
  times: "times", cdot: "times", ast: "times", div: "divided by", pm: "plus or minus", mp: "minus or plus", le: "is at most", leq: "is at most",
  ge: "is at least", geq: "is at least", ne: "is not", neq: "is not", approx: "is about", equiv: "is equivalent to", sim: "is like", propto: "is proportional to",
  infty: "infinity", sum: "sum", prod: "product", int: "integral", partial: "partial", nabla: "nabla", in: "in", notin: "not in", subset: "subset of",
  cup: "union", cap: "intersection", forall: "for all", exists: "there is", to: "to", rightarrow: "to", Rightarrow: "implies", implies: "implies",
  iff: "if and only if", ldots: "and so on", cdots: "and so on", dots: "and so on", degree: "degrees", circ: "degrees", "%": "percent",
};
const SILENT = /\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|quad|qquad|begin\{\w+\*?\}|end\{\w+\*?\}|[,;:! ])/g;
const SIGNS = [[/\\\\/g, ", "], [/=/g, " equals "], [/\+/g, " plus "], [/[-−]/g, " minus "], [/</g, " is less than "], [/>/g, " is greater than "], [/\//g, " over "], [/\*/g, " times "]];
const GROUPS = [
  [/\\(?:text|mathrm|mathbf|mathit|mathbb|mathcal|operatorname|mbox|vec|hat|bar|overline)\*?\s*\{([^{}]*)\}/g, " $1 "],
  [/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, " $1 over $2 "],
  [/\\sqrt\s*\{([^{}]*)\}/g, " the square root of $1 "],
  [/\^\s*(?:\{\s*\\circ\s*\}|\\circ)/g, " degrees "],
  [/\^\s*(?:\{\s*2\s*\}|2)/g, " squared "],
  [/\^\s*(?:\{\s*3\s*\}|3)/g, " cubed "],
  [/\^\s*(?:\{([^{}]*)\}|(\\[a-zA-Z]+|[^\s{}\\]))/g, " to the power of $1$2 "],
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
  code: ({ lang }) => [lang ? `Code block, ${lang.split(/\s/)[0]}.` : "Code block."],
  mathBlock: ({ source }) => [formulaInWords(source)],
  list: ({ items, ordered, start }) => items.flatMap((item, at) => itemLines(item, ordered ? `${Number(start || 1) + at}: ` : "")),
  blockquote: ({ tokens }) => blocks(tokens),
  details: ({ summary, tokens }) => [inline(summary), ...blocks(tokens)],
  noteDefinition: ({ label, tokens }) => [`Note ${label}: ${inline(tokens)}`],
  table: ({ header, rows }) => ["Table.", ...[header, ...rows].map((cells) => cells.map((cell) => inline(cell.tokens)).filter(Boolean).join("; "))],
  html: ({ text }) => text.replace(/<!--[\s\S]*?(?:-->|$)/g, "").replace(/<\/(?:tr|p|li)>/gi, "\n").replace(/<\/t[dh]>/gi, "; ").replace(/<[^>]*>/g, "").split("\n"),
  plain: ({ raw }) => [raw],
};

function itemLines(item, number) {
  const [first = "", ...rest] = blocks(item.tokens);
  return [`${number}${item.task ? (item.checked ? "Done: " : "To do: ") : ""}${first}`, ...rest];
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
