// Formulas: $…$, $$…$$, \(…\), \[…\] as MathML. KaTeX is fetched when the first formula appears; until then the source shows.

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

function render(source, display) {
  if (!katex) {
    load();
    return `<code>${escape(source)}</code>`;
  }
  try {
    const html = katex.renderToString(source, { output: "mathml", displayMode: display, throwOnError: true, strict: "ignore", trust: false, maxSize: 20, maxExpand: 500 });
    // The sanitiser would turn the hidden TeX source into visible text.
    const clean = html.replace(/<annotation[\s\S]*?<\/annotation>/g, "").replace(/<\/?semantics>/g, "");
    return display ? `<span class="math-block">${clean}</span>` : clean;
  } catch {
    return `<span class="math-error">${escape(source)}</span>`;
  }
}

const block = {
  name: "mathBlock",
  level: "block",
  start: (text) => /(?:^|\n) {0,3}(?:\$\$|\\\[)/.exec(text)?.index,
  tokenizer(text) {
    const found = /^ {0,3}\$\$\s*([\s\S]+?)\s*\$\$[ \t]*(?:\n|$)/.exec(text) ?? /^ {0,3}\\\[\s*([\s\S]+?)\s*\\\][ \t]*(?:\n|$)/.exec(text);
    return found ? { type: "mathBlock", raw: found[0], source: found[1] } : undefined;
  },
  renderer: ({ source }) => render(source, true),
};

const inline = {
  name: "mathInline",
  level: "inline",
  start: (text) => /\$|\\\(|\\\[/.exec(text)?.index,
  tokenizer(text) {
    const double = /^\$\$([^$\n]+?)\$\$/.exec(text) ?? /^\\\[([^\n]+?)\\\]/.exec(text);
    if (double) return { type: "mathInline", raw: double[0], source: double[1].trim(), display: true };
    // A price is no formula: no space inside the signs, no digit after the closing one.
    const found = /^\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/.exec(text) ?? /^\\\(([^\n]+?)\\\)/.exec(text);
    return found ? { type: "mathInline", raw: found[0], source: found[1].trim(), display: false } : undefined;
  },
  renderer: ({ source, display }) => render(source, display),
};

export const mathExtensions = [block, inline];
