// Formulas: $…$, $$…$$, \(…\), \[…\] as MathML. KaTeX is fetched when the first formula appears; until
// then their place is kept empty, so that no source flashes; only where it cannot be fetched the source is shown.
// What is a formula is for math_rules.js to say.

import { blockFormula, bracketFormula, dollarFormula, maskFormulas } from "./math_rules.js";

let katex = null;
let loading = null;
let failed = false;
let failedAt = -Infinity;
const AGAIN = 10000; // ms
const waiting = new Set();

/** Changes when formulas can be drawn, or turn out not to be. */
export const mathState = () => [katex !== null, failed].join();
export const whenMathReady = (then) => { waiting.add(then); };

function load() {
  if (performance.now() - failedAt < AGAIN) return;
  loading ??= import("../vendor/katex.min.js")
    .then(() => {
      katex = globalThis.katex;
      failed = !katex;
    })
    .catch(() => {
      loading = null;
      failed = true;
      failedAt = performance.now();
    })
    .then(() => { for (const then of waiting) then(); });
}

const escape = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

const OPTIONS = { output: "mathml", throwOnError: true, strict: "ignore", trust: false, maxSize: 20, maxExpand: 500 };

/** Whether a block formula could be drawn now. */
export function drawable(source) {
  if (!katex) load();
  try {
    return katex !== null && Boolean(katex.renderToString(source, { ...OPTIONS, displayMode: true }));
  } catch {
    return false;
  }
}

function render({ source, raw }, display) {
  if (!katex) {
    load();
    return failed ? `<code>${escape(raw)}</code>` : `<span class="math-waiting">${escape(source)}</span>`;
  }
  try {
    const shown = display ? source : source.replace(/(?<!\\)%/g, "\\%"); // TeX would take the rest of the line for a comment
    const html = katex.renderToString(shown, { ...OPTIONS, displayMode: display });
    // The sanitiser would turn the hidden TeX source into visible text.
    const clean = html.replace(/<annotation[\s\S]*?<\/annotation>/g, "").replace(/<\/?semantics>/g, "");
    return display ? `<span class="math-block">${clean}</span>` : clean;
  } catch {
    return `<span class="math-error">${escape(raw)}</span>`;
  }
}

const block = {
  name: "mathBlock",
  level: "block",
  start: (text) => /\n {0,3}(?:\$\$|\\\[)/.exec(text)?.index,
  tokenizer(text) {
    const found = blockFormula(text);
    return found ? { type: "mathBlock", ...found } : undefined;
  },
  renderer: (token) => render(token, true),
};

const inline = {
  name: "mathInline",
  level: "inline",
  start: (text) => /\$|\\\(|\\\[/.exec(text)?.index,
  tokenizer(text, before) {
    const found = text[0] === "$" ? dollarFormula(text, before.at(-1)?.raw.slice(-1)) : bracketFormula(text);
    return found ? { type: "mathInline", ...found } : undefined;
  },
  renderer: (token) => render(token, token.display),
};

/** For marked.use(). */
export const formulas = { extensions: [block, inline], hooks: { emStrongMask: maskFormulas } };
