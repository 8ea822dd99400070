// Formulas: $…$, $$…$$, \(…\), \[…\] as MathML. KaTeX is fetched when the first formula appears; until then the source shows.
// What is a formula is for math_rules.js to say.

import { blockFormula, bracketFormula, dollarFormula, maskFormulas } from "./math_rules.js";

let katex = null;
let loading = null;
const waiting = new Set();

export const mathReady = () => katex !== null;
export const whenMathReady = (then) => { waiting.add(then); };

function load() {
  loading ??= import("../vendor/katex.min.js")
    .then(() => {
      katex = globalThis.katex;
      for (const then of waiting) then();
    })
    .catch(() => { loading = null; });
}

const escape = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

function render({ source, raw }, display) {
  if (!katex) {
    load();
    return `<code>${escape(source)}</code>`;
  }
  try {
    const shown = display ? source : source.replace(/(?<!\\)%/g, "\\%"); // TeX would take the rest of the line for a comment
    const html = katex.renderToString(shown, { output: "mathml", displayMode: display, throwOnError: true, strict: "ignore", trust: false, maxSize: 20, maxExpand: 500 });
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
