// What is shown of a half-written text is always a beginning of what the whole will show: no sign flashes, no word comes and goes.
// A guess are [text][label], which is a link at once, and what stands before the first bar of a line of short words, a table's head.

import assert from "node:assert/strict";
import { test } from "node:test";
import katex from "../../node_modules/katex/dist/katex.mjs";
import { Marked } from "../../node_modules/marked/lib/marked.esm.js";
import { closeMarkdown } from "../../static/js/markdown_closing.js";
import { more, withOpening } from "../../static/js/markdown_more.js";
import { formulas } from "../../static/js/math.js";
import { closeTex } from "../../static/js/math_closing.js";

const marked = new Marked({ gfm: true, breaks: true });
marked.use(formulas, more);
marked.use({ renderer: { image: ({ text }) => `<a>${text || "image"}</a>` } });

const SIGNS = { "&quot;": '"', "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const seen = (text) => marked.parse(withOpening(text)).replace(/<input[^>]*>/g, "☐").replace(/<hr>/g, "―").replace(/<[^>]+>/g, "").replace(/&(?:quot|#39|lt|gt|amp);/g, (sign) => SIGNS[sign]).replace(/\s+/g, "");

const TEXTS = [
 "# Title\n\nText", "## A **bold** title\n\nText", "Title\n=====\n\nx", "Title\n---\n\nx", "a\n\n---\n\nb", "***\n\nb", "- one\n- two\n  - three **bold**\n- four", "* one\n* two", "+ a\n+ b", "1. one\n2. two\n10. ten", "1) a\n2) b",
 "- [ ] open\n- [x] done `code`", "> quote **b**\n> more\n\nafter", "a **bold** b", "a *it* b", "a __bold__ b", "a _it_ b", "***both*** x", "**bold *in* it** x", "*a **b** c* d", "~~gone~~ x", "`code` x", "``a ` b`` x", "``` x", "```js\nlet a = `b`;\n```\nafter", "~~~\nx\n~~~\nafter", "    indented\n\nx", "[link](https://a.b/c) x", "[link **b**](https://a.b \"t\") x", "![alt](https://a.b/c.png) x", "<https://a.b> x", "https://a.b/c_d_e x", "www.a.b x", "a@b.co x",
 "| a | b |\n|---|---|\n| 1 | **2** |\n| 3 | `4` |\n\nafter", "| a | b |\n|:-:|--:|\n| 1 | 2 |", "text\n| a |\n|---|\n| 1 |",
 "x<sub>2</sub> y", "a<br>b", "<details>\n<summary>See</summary>\n\nText **b**\n</details>\n\nafter", "one[^1] two\n\n[^1]: Note *x*.", "<think>\na\n</think>\n\nb", "a &amp; b &lt; c", "5 * 3 * 2 = 30", "2 ** 3 ** 4", "snake_case_name and __init__", "a * b", "C:\\Users\\x", "\\*not\\* bold", "a \\", "# ", "#hash tag", "1. ", "Line one  \nline two", "**Note:** text\n**Two:** text", "- **Term**: text\n- **Two**: `x`", "1. **A**\n   - b\n   - c\n2. **D**", "**a**, *b*, `c`", "*", "a_b", "~5 and ~6", "~~", "$x$ and $y$", "so $$x^2$$ ok", "\\(a\\) b", "$$\na\n$$\n\nb", "\\[\na\n\\]\nb", "$5 and $6", "a ![", "[not a link] x", "[x] y", "array[0] and [1, 2]", "f(x)[y](z) w", "\"**q**\" x", "(*x*) y", "**你好**世界", "*a*b", "**a**b", "a**b**c", "--- x", "-- x", "- a\n\n  para\n- b", "> - a\n> - b", "> ```\n> x\n> ```", "- ```js\n  x\n  ```\n- b", "1. a\n   ```\n   x\n   ```\n2. b", "Setext **b**\n---", "~one~ x", "a ~one two~ b ~5 and ~6", "~/x and ~5", "[text][1] x\n\n[1]: https://a.b \"t\"", "See [the **docs**][d], [d][] and `[x][y]`.\n\n- b\n\n[d]: <https://a.b>", "[^1][^2] x\n\n[^1]: A\n[^2]: B",
 "a | b\n--|--\n1 | **2**\n3 | `4`\n\nafter", "Name | Age | City\n:-- | :-: | --:\nA B | 2 | C", "text\na | b\n--- | ---\n1 | 2", "a | b | c\nno table", "a | b\n---\n\nx", "P(A | B) and |x| are", "one\ntwo | three four five", "1986. A year", "+1 for it", "-5 degrees", "=> arrow", "a\n=> b", "a\n- b", "a\n1. b", "a\n# b", "a\n> b", "a\n```\nx\n```",
];

for (const text of TEXTS) test(`never more than “${text.replace(/\n/g, "⏎")}”`, () => {
  const whole = seen(text);
  for (let length = 1; length < text.length; length += 1) {
    const shown = seen(closeMarkdown(text.slice(0, length)));
    assert.ok(whole.startsWith(shown), `${JSON.stringify(text.slice(0, length))} shows ${shown}`);
  }
});

test("nothing is held back for long", () => {
  const text = "Plain words go on, 5 * 3 and a_b, R&D <b and more of them, [1, 2], until the end of it.";
  for (let length = 1; length < text.length; length += 1) {
    const half = text.slice(0, length).replace(/\s/g, "");
    assert.ok(half.length - seen(closeMarkdown(text.slice(0, length))).length <= 8, half);
  }
});

test("a long answer is closed in a moment", () => {
  const long = `${"Words with **bold**, `code`, $x_1$ and [a link](https://a.b).\n\n".repeat(600)}${"- item *with* $5 and `x`\n".repeat(300)}and`;
  const from = performance.now();
  for (let turn = 0; turn < 5; turn += 1) closeMarkdown(`${long} ${turn}`);
  assert.ok((performance.now() - from) / 5 < 1000, `${(performance.now() - from) / 5} ms`);
});

// ---- formulas ---------------------------------------------------------------------------------------------------

function drawable(tex) {
  try {
    return Boolean(katex.renderToString(tex, { output: "mathml", displayMode: true, throwOnError: true, strict: "ignore" }));
  } catch {
    return false;
  }
}

for (const tex of [
  "x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}", "\\int_0^\\infty e^{-x^2}\\,dx", "\\begin{aligned} a &= b + c \\\\[2pt] &= \\text{the sum} \\end{aligned}", "\\left( \\frac{1}{2} \\right]^{n}",
  "\\begin{pmatrix} 1 & 0 \\\\ 0 & 1 \\end{pmatrix} \\cdot \\vec{v}", "\\begin{cases} x & \\text{if } x > 0 \\\\ -x & \\text{otherwise} \\end{cases}", "f'(x) = \\lim_{h \\to 0}", "\\mathbb{R}^n \\ni x'", "\\{a_i\\}_{i=1}^{n}",
]) test(`every beginning of ${tex} is drawn or waits`, () => {
  let most = 0;
  for (let length = 1; length <= tex.length; length += 1) {
    const begun = closeTex(tex.slice(0, length), drawable);
    assert.ok(begun === "" || drawable(begun), begun);
    if (begun === "" && length > 30) assert.ok(most === 0, "what was drawn stays");
    most = Math.max(most, begun.length);
  }
  assert.equal(closeTex(tex, drawable).replace(/\s/g, ""), tex.replace(/\\[a-z]*$/, "").replace(/\s/g, ""));
  assert.ok(most > tex.length / 2);
});

test("a formula that nothing can draw waits", () => assert.equal(closeTex("a + b", () => false), ""));
