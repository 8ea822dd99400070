// What cannot be told yet from a half-written text: a table without outer bars, a link whose address stands at the end, one tilde.
// Each is shown as it will most likely be, or waits for a moment. Pure text in, text out.

const LONGEST_STRUCK = 40;
const LONGEST_HEAD = 80;
const HEAD = /^\s*[^|.,;:()`$\\]{1,30} \|/; // cells are short words, prose is not
const RULE = /^\s*:?-+:?\s*(\|\s*:?-*:?\s*)+$/;
const RULE_BEGUN = /^\s*:?-*:?\s*$/;
const REFERENCE = /(?<![\p{L}\p{N}_)\]\\!])\[([^\][\n]+)\]\[([^\][\n]*)\]/gu;

const masked = (text) => text.replace(/`[^`]*`/g, (code) => " ".repeat(code.length));

/** [text][label] is a link at once: what is missing is defined after everything else, where a real definition comes first. */
export function withReferences(answer) {
  const labels = new Set([...masked(answer).matchAll(REFERENCE)].map(([, text, label]) => label || text).filter((label) => label[0] !== "^"));
  return labels.size ? `${answer}\n\n${[...labels].map((label) => `[${label}]: <>`).join("\n")}` : answer;
}

/** "~one" waits for the tilde that strikes it out; "~5" is about five. */
export function holdTilde(text) {
  const half = new RegExp(`(?<![\\p{L}\\p{N}~\\\\])~(?:$|(?=[\\p{L}*_"(])[^~\\n]{0,${LONGEST_STRUCK}}$)`, "u").exec(masked(text));
  return half ? text.slice(0, half.index).trimEnd() : text;
}

/** The last lines as a table without outer bars: closed, or, while its head is written, up to the first bar; null for anything else. */
export function closeBareTable(block, closeInline) {
  const head = block.findIndex((line, index) => HEAD.test(line) && RULE.test(block[index + 1] ?? ""));
  if (head >= 0) return closeRows(block, head, closeInline);
  const begun = block.length > 1 && RULE_BEGUN.test(block.at(-1)) ? block.slice(0, -1) : block;
  const last = begun.at(-1);
  if (!HEAD.test(last) || last.length > LONGEST_HEAD) return null;
  return closeInline([...begun.slice(0, -1), last.slice(0, last.indexOf("|")).trimEnd()].join("\n")).split("\n");
}

function closeRows(block, head, closeInline) {
  const columns = block[head].replace(/\|\s*$/, "").split(/(?<!\\)\|/).length;
  const rule = Array.from({ length: columns }, () => "---").join(" | ");
  const rows = block.slice(head + 2);
  const whole = [...block.slice(0, head + 1), rows.length ? block[head + 1] : rule];
  if (!rows.length) return whole;
  const last = /^\s*\|?\s*$/.test(rows.at(-1)) ? [] : [closeInline(rows.at(-1))];
  return [...whole, ...rows.slice(0, -1), ...last];
}
