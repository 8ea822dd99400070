// Which signs in a text begin a formula, and which are prices, shell variables or plain dollars. Pure text; it draws nothing.
//
// The rule for $…$ (that of pandoc's tex_math_dollars, made stricter): both signs stand on one line and touch what they enclose;
// no Latin letter or digit before the first (US$10, 5$) nor after the second ($HOME/bin:$PATH, $5–$6), save an ordinal's ending ($n$th).
// A TeX command or a raised or lowered sign right after the first needs no such room: 10$^\circ$C, H$_2$O, 2$\times$2.
// What is enclosed is no amount that goes on in words ($5 or 6$), no sentence, nothing quoted, and neither begins nor ends like a
// list, a path or a call of the shell. $$…$$ follows the same rule, but may have space inside; as a block it has no empty line.
// \(…\) and \[…\] are always formulas. A backslash before a dollar makes it a plain one; code is never looked at.

const STRONG = /^(?:\\[A-Za-z]|[\^_](?:[{\\]|[^\s]$))/;
const TOUCHES_BEFORE = /[\p{Script=Latin}\p{Nd}$]$/u;
const TOUCHES_AFTER = /^[\p{Script=Latin}\p{Nd}{]/u;
const ORDINAL = /^(?:ths?|st|nd|rd|s|te[nrs]?|i?[eè]mes?)(?![\p{L}\p{N}])/u;
const BAD_START = /^[)}/,;:'"’”?#@&–—]/u;
const BAD_END = /[/:"“‘(]$/u;
const AMOUNT = /^[~≈<>+−-]?\d[\d.,\u00a0\u202f]*(?:[kKmMbBtT]|bn|mn)?(?![\p{Script=Latin}\d])/u;
const OPERATORS = /[\\^_={}<>+]/;

/** What stands between the signs without TeX's own words, and without the words that TeX shows as text. */
const bare = (source) => source.replace(/\\(?:text|mathrm|mathbf|mathit|operatorname|mbox)\*?\s*\{[^}]*\}/g, " ").replace(/\\(?:[A-Za-z]+|.)/g, " ");

/** "5 or 6", "5 and that is", "5/month", "5 à 6", "5 (in A": an amount that goes on in words is a price. */
function isPrice(source) {
  const amount = AMOUNT.exec(source);
  if (!amount) return false;
  const rest = bare(source.slice(amount[0].length));
  const nested = (signs) => (rest.match(signs) ?? []).length;
  return /[\s*]\p{L}{2,}|^\/\p{L}{2,}/u.test(rest)
    || /^\s+(?!x\b)\p{L}\s+[^\p{L}\s]*\d/u.test(rest)
    || /[^\P{L}\p{Script=Latin}\p{Script=Greek}]/u.test(rest)
    || nested(/[([]/g) !== nested(/[)\]]/g)
    || /^\s*[–—]/u.test(rest);
}

/** Words in a row, and nothing that only a formula has. */
const isProse = (source) => !OPERATORS.test(source) && /(?:^|\s)\p{L}{2,}[,;.:!?]*\s+\p{L}{2,}/u.test(source);

function isFormula(source, before, after) {
  if (STRONG.test(source)) return !before.endsWith("$");
  if (TOUCHES_BEFORE.test(before) || (TOUCHES_AFTER.test(after) && !ORDINAL.test(after))) return false;
  if (/^[({]|^[A-Z_]{2}/.test(source) && after.startsWith("(")) return false; // $(pwd)/$(whoami), $HOME/$(date)
  if (BAD_START.test(source) || BAD_END.test(source) || /["€£¥₹₽₩₺¢]/.test(bare(source))) return false;
  return !isPrice(source) && !isProse(bare(source));
}

/** The formula between dollars that a text begins with, or null: {raw, source, display}. before: what stands in front of it. */
export function dollarFormula(text, before = "") {
  const double = /^\$\$((?:\\.|[^$\\\n`])+)\$\$(?!\$)/.exec(text);
  if (double) {
    const source = double[1].trim();
    const words = /\s/.test(double[1]) && !OPERATORS.test(source) && /^[^\p{L}]*(?:\p{L}{2,}[^\p{L}]*)*$/u.test(source) && !/\d/.test(source);
    return source && !words && isFormula(source, before, text.slice(double[0].length)) ? { raw: double[0], source, display: true } : null;
  }
  const single = /^\$(?![\s$])((?:\\.|[^$\\\n`])+)\$(?!\$)/.exec(text);
  if (!single || /\s$/.test(single[1])) return null;
  return isFormula(single[1], before, text.slice(single[0].length)) ? { raw: single[0], source: single[1], display: false } : null;
}

/** \(…\) and \[…\] inside a line. */
export function bracketFormula(text) {
  const found = /^\\\(((?:\\[^)\n]|[^\\\n])+)\\\)/.exec(text) ?? /^\\\[((?:\\[^\]\n]|[^\\\n])+)\\\](?!\()/.exec(text);
  const source = found?.[1].trim();
  return source ? { raw: found[0], source, display: found[0][1] === "[" } : null;
}

/** A block of its own lines: $$…$$ or \[…\], or null. */
export function blockFormula(text) {
  const found = /^ {0,3}\$\$(?!\$)([^$]+?)\$\$[ \t]*(?:\n|$)/.exec(text) ?? /^ {0,3}\\\[([\s\S]+?)\\\][ \t]*(?:\n|$)/.exec(text);
  const source = found?.[1].trim();
  if (!source || /\n[ \t]*\n/.test(source) || (found[0].trimStart()[0] === "$" && isProse(bare(source)))) return null;
  return { raw: found[0], source };
}

const INSIDE_LINE = /`+|\\[([]|\\.|\$/g;

/** The same text with each formula of a line made unrecognisable for the signs of emphasis: $a*b$ holds no star. */
export function maskFormulas(text) {
  let masked = text;
  for (const { raw, index } of formulasOf(text).whole) masked = masked.slice(0, index) + "a".repeat(raw.length) + masked.slice(index + raw.length);
  return masked;
}

/** Formulas inside lines: the whole ones with their places, and where the last line holds an unfinished one (or -1). */
export function formulasOf(text) {
  const whole = [];
  const lastLine = text.lastIndexOf("\n") + 1;
  let unfinished = -1;
  INSIDE_LINE.lastIndex = 0;
  for (let sign = INSIDE_LINE.exec(text); sign && unfinished < 0; sign = INSIDE_LINE.exec(text)) {
    const { index } = sign;
    const rest = text.slice(index);
    if (sign[0][0] === "`") {
      const end = new RegExp(`(?<!\`)${sign[0]}(?!\`)`).exec(text.slice(index + sign[0].length));
      if (end) INSIDE_LINE.lastIndex = index + 2 * sign[0].length + end.index;
      continue;
    }
    const found = sign[0] === "$" ? dollarFormula(rest, text.slice(Math.max(0, index - 1), index)) : bracketFormula(rest);
    if (found) {
      whole.push({ ...found, index });
      INSIDE_LINE.lastIndex = index + found.raw.length;
    } else if (index >= lastLine && mayBecome(rest, text.slice(Math.max(0, index - 1), index))) {
      unfinished = index;
    }
  }
  return { whole, unfinished };
}

const LONGEST = 120; // what goes on for longer is shown as it stands until it is closed
const VARIABLE = /^[A-Za-z]{2,}_|^[A-Za-z]+_[A-Za-z]{2,}/;

/** Whether this end of a text is the first part of a formula, as far as one can say; a price is shown at once. */
function mayBecome(rest, before) {
  if (rest.length > LONGEST || rest.includes("`")) return false;
  if (/^\\[([]/.test(rest)) return !/\\[)\]]/.test(rest.slice(2));
  const source = /^\$\$?(?!\$)([^\n]*)$/.exec(rest)?.[1];
  if (source === undefined || /(?<!\\)\$./.test(source)) return false;
  if (/^[\\^_]\S?$/.test(source) || STRONG.test(source)) return true;
  if (TOUCHES_BEFORE.test(before) || BAD_START.test(source) || (/^\s/.test(source) && !rest.startsWith("$$"))) return false;
  if (source === "") return true;
  if (AMOUNT.test(source) || VARIABLE.test(source) || isProse(bare(source))) return false;
  return /[\\^_{}]/.test(source) || /^(?:\s+[(|[<>+-]*\p{L}|[(|[<>+-]*\p{L}{1,3})(?!\p{L})/u.test(source) || /^[\s(|[<>+-]*$/.test(source);
}

const BLOCK_BEGINS = /^[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+)*(\$\$(?!\$)|\\\[)/;

/** Block formulas: the one that a text ends in without having closed it ({index, source, end} or null), and the last line of a closed one. */
export function blockFormulas(text) {
  let open = null;
  let fenced = false;
  let at = 0;
  let closedLine = -1;
  const lines = text.split("\n");
  for (const [number, line] of lines.entries()) {
    if (/^ {0,3}(?:```|~~~)/.test(line)) fenced = !fenced;
    const found = fenced ? null : BLOCK_BEGINS.exec(line);
    const rest = open ? line : found && line.slice(found[0].length);
    const end = open?.end ?? (found?.[1] === "$$" ? "$$" : "\\]");
    if (rest?.includes(end)) {
      if (open || rest.trimEnd().endsWith(end)) closedLine = number;
      open = null;
    } else if (open && line.trim() === "" && number < lines.length - 1) open = null;
    else if (found && !open) open = { index: at + found[0].length - 2, end };
    at += line.length + 1;
  }
  return { open: open && withSource(open, text), closedLine };
}

function withSource(open, text) {
  const source = text.slice(open.index + 2).replace(/(?:\s|\$$|\\$)+$/, "");
  return open.end === "$$" && isProse(bare(source)) ? null : { ...open, source };
}
