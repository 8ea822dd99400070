// What models write beside GitHub's Markdown: thoughts that fold away, <details>, footnotes, and a few tags of HTML.
// It makes HTML that still has to be sanitised; it knows no DOM and paints nothing.
//
// Tags: those of SHOWN act, without their attributes; those of DROPPED vanish and leave what they enclose; comments vanish.
// Everything else (<script>, <img>, <a>, List<String>) is shown as the text it is. HTML is read inside lines only, so that
// Markdown and line breaks count beside it; the one block of HTML that is taken as a whole is a table.

import { t } from "./words.js";

const SHOWN = new Set("b strong i em u s del ins mark small sub sup kbd samp var code q cite br wbr hr ul ol li dl dt dd h1 h2 h3 h4 h5 h6 blockquote".split(" "));
const DROPPED = new Set("p div span center font abbr section article figure figcaption details summary".split(" "));
const TABLE = new Set("table caption thead tbody tfoot tr th td".split(" "));
const THINK = "think|thinking|thought|reasoning";
export const TAGS = [...SHOWN, ...DROPPED, ...TABLE, ...THINK.split("|")];

export const escape = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/** One tag as it will be in the page. */
function tag(text, inTable = false) {
  if (text.startsWith("<!--")) return "";
  const name = /^<\/?([a-z][a-z0-9]*)(?=[\s/>])/i.exec(text)?.[1].toLowerCase();
  if (DROPPED.has(name)) return "";
  if (SHOWN.has(name)) return text[1] === "/" ? `</${name}>` : `<${name}>`;
  if (!inTable || !TABLE.has(name)) return escape(text);
  const spans = [...text.matchAll(/\s(colspan|rowspan)\s*=\s*["']?(\d{1,3})/gi)].map((found) => ` ${found[1].toLowerCase()}="${found[2]}"`).join("");
  return text[1] === "/" ? `</${name}>` : `<${name}${spans}>`;
}

const htmlTable = (text) => text.replace(/<!--[\s\S]*?-->|<\/?[a-z][^<>]*>|[<>]/gi, (found) => (found.length > 1 ? tag(found, true) : escape(found)));

// ---- thoughts ---------------------------------------------------------------------------------------------------

const BEGINS = new RegExp(`^\\s*<(${THINK})>`, "i");
const ENDS = new RegExp(`</(?:${THINK})>`, "i");

/** A template that opens the thought itself leaves only its end in the answer: everything before that end was thought. */
export function withOpening(text) {
  const end = ENDS.exec(text);
  if (!end || new RegExp(`<(?:${THINK})>`, "i").test(text.slice(0, end.index)) || (text.slice(0, end.index).match(/`/g) ?? []).length % 2) return text;
  return `<think>${text}`;
}

/** Where the answer proper begins; the length of the text while it still thinks. */
export function answerStart(text) {
  const whole = withOpening(text);
  if (!BEGINS.test(whole)) return 0;
  const end = ENDS.exec(whole);
  return end ? end.index + end[0].length - (whole.length - text.length) : text.length;
}

/** The answer without what was thought before it. */
export const answerOf = (text) => text.slice(answerStart(text)).trimStart() || text;

/** Nothing but spaces, signs that nobody sees, comments: an answer that shows nothing, whatever was thought before it. */
export const saysNothing = (text) => /^[\s\p{Cc}\p{Cf}\p{Z}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]*$/u.test(text.slice(answerStart(text)).replace(/<!--[\s\S]*?(?:-->|$)/g, ""));

const thought = {
  name: "thought",
  level: "block",
  start: (text) => new RegExp(`\\n {0,3}<(?:${THINK})>`, "i").exec(text)?.index,
  tokenizer(text, before) {
    const open = BEGINS.exec(text);
    if (!open || /\n/.test(open[0])) return undefined;
    const end = ENDS.exec(text);
    if (!end && before.some((token) => token.type !== "space")) return undefined; // in the middle of an answer it must have an end
    const inner = text.slice(open[0].length, end?.index);
    return { type: "thought", raw: end ? text.slice(0, end.index + end[0].length) : text, text: inner.replace(/^\s*\n|\s+$/g, ""), ended: Boolean(end) };
  },
  // As it was written: half of what is thought is no Markdown, and all of it is drawn again with each word.
  renderer: ({ text, ended }) => (text.trim() === "" && ended ? "" : `<details class="thought${ended ? "" : " unfinished"}"><summary><span class="then">${escape(t("Thoughts"))}</span><span class="now">${escape(t("Thinking…"))}</span></summary><div class="thought-text">${escape(text)}</div></details>`),
};

// ---- <details> --------------------------------------------------------------------------------------------------

const DEEPEST = 8; // folds within folds; deeper ones are shown as text

const details = {
  name: "details",
  level: "block",
  childTokens: ["summary", "tokens"],
  start: (text) => /\n {0,3}<details[\s>]/i.exec(text)?.index,
  tokenizer(text) {
    const open = /^ {0,3}<details(?:\s[^<>]*)?>/i.exec(text);
    const depth = this.lexer.folds ?? 0;
    if (!open || depth >= DEEPEST) return undefined;
    const [end, raw] = closing(text, open[0].length);
    const inner = text.slice(open[0].length, end);
    const head = /^\s*<summary(?:\s[^<>]*)?>([\s\S]*?)(?:<\/summary>|$)/i.exec(inner);
    const token = { type: "details", raw, open: /\sopen\b/i.test(open[0]), summary: [], tokens: [] };
    this.lexer.inline(head?.[1].trim() || (end < text.length || (!head && inner.trim()) ? t("Details") : ""), token.summary);
    this.lexer.folds = depth + 1;
    this.lexer.blockTokens(inner.slice(head?.[0].length ?? 0).replace(/^\s*\n/, "").trimEnd(), token.tokens);
    this.lexer.folds = depth;
    return token;
  },
  renderer({ open, summary, tokens }) {
    return `<details${open ? " open" : ""}><summary>${this.parser.parseInline(summary)}</summary><div class="details-text">${this.parser.parse(tokens)}</div></details>`;
  },
};

/** Where the end of an opened <details> begins, and all of it; the end of the text where it has none (yet). */
function closing(text, from) {
  let depth = 1;
  for (const found of text.matchAll(/<(\/?)details(?:\s[^<>]*)?>[ \t]*\n?/gi)) {
    if (found.index < from) continue;
    depth += found[1] ? -1 : 1;
    if (depth === 0) return [found.index, text.slice(0, found.index + found[0].length)];
  }
  return [text.length, text];
}

// ---- footnotes --------------------------------------------------------------------------------------------------

const noteDefinition = {
  name: "noteDefinition",
  level: "block",
  childTokens: ["tokens"],
  start: (text) => /\n {0,3}\[\^[^\]\s]+\]:/.exec(text)?.index,
  tokenizer(text) {
    const found = /^ {0,3}\[\^([^\]\s]{1,40})\]:[ \t]*((?:(?!\n {0,3}\[\^[^\]\s]+\]:)(?!\n[ \t]*\n)[\s\S])*)(?:\n|$)/.exec(text);
    if (!found) return undefined;
    const token = { type: "noteDefinition", raw: found[0], label: found[1], tokens: [] };
    (this.lexer.tokens.notes ??= new Map()).set(found[1], found[2].replace(/[*_`]/g, "").trim());
    this.lexer.inline(found[2].replace(/\n[ \t]+/g, "\n").trim(), token.tokens);
    return token;
  },
  renderer({ label, tokens }) {
    return `<p class="note"><sup>${escape(label)}</sup> ${this.parser.parseInline(tokens)}</p>`;
  },
};

const noteMark = {
  name: "noteMark",
  level: "inline",
  start: (text) => /\[\^/.exec(text)?.index,
  tokenizer(text) {
    const found = /^\[\^([^\]\s]{1,40})\](?![:(])/.exec(text);
    const known = this.lexer.tokens.notes?.get(found?.[1]);
    // A number is one before its note has arrived; [^abc] without a note is what it says, such as a pattern.
    return found && (known !== undefined || /^\d{1,3}$/.test(found[1])) ? { type: "noteMark", raw: found[0], label: found[1], known } : undefined;
  },
  renderer: ({ label, known }) => `<sup class="note-mark"${known ? ` title="${escape(known)}"` : ""}>${escape(label)}</sup>`,
};

// ---- what is nested too deep for any parser (thousands of ">"): shown as it stands ---------------------------------

function unless(deep, parse, instead) {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof deep)) throw error;
    return instead();
  }
}

export const tokensOf = (marked, text) => unless(RangeError, () => marked.lexer(text), () => [{ type: "plain", raw: text }]);
export const htmlFrom = (marked, token) => {
  const plain = () => `<p>${escape(token.raw).replaceAll("\n", "<br>")}</p>`;
  return token.type === "plain" ? plain() : unless(RangeError, () => marked.parser([token]), plain);
};

/** For marked.use(). */
export const more = {
  extensions: [thought, details, noteDefinition, noteMark],
  tokenizer: {
    html(text) {
      const found = /^ {0,3}<table[\s>][\s\S]*?(?:<\/table>[ \t]*(?:\n|$)|$)/i.exec(text);
      return found ? { type: "html", block: true, raw: found[0], text: found[0] } : undefined;
    },
  },
  renderer: { html: ({ text, block }) => (block ? htmlTable(text) : tag(text)) },
};
