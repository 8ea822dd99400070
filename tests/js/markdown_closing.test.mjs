// A half-written text never flashes its signs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { closeMarkdown } from "../../static/js/markdown_closing.js";
import { Marked } from "../../node_modules/marked/lib/marked.esm.js";

const marked = new Marked({ gfm: true, breaks: true });
const html = (text) => marked.parse(closeMarkdown(text)).trim();

for (const [half, whole] of [
  ["plain words", "<p>plain words</p>"],
  ["a **bold", "<p>a <strong>bold</strong></p>"],
  ["a **bold*", "<p>a <strong>bold</strong></p>"],
  ["a **", "<p>a</p>"],
  ["an *old", "<p>an <em>old</em></p>"],
  ["two * three", "<p>two * three</p>"],
  ["~~gone", "<p><del>gone</del></p>"],
  ["some `code", "<p>some <code>code</code></p>"],
  ["some `", "<p>some</p>"],
  ["snake_case_name", "<p>snake_case_name</p>"],
  ["see [the page](https://exa", "<p>see the page</p>"],
  ["see [the pa", "<p>see</p>"],
  ["a [done](https://x.org) link", '<p>a <a href="https://x.org">done</a> link</p>'],
  ["Title\n--", "<p>Title</p>"],
  ["Title\n=", "<p>Title</p>"],
  ["words\n\n#", "<p>words</p>"],
  ["```py\nprint(1)", '<pre><code class="language-py">print(1)\n</code></pre>'],
  ["```py\nprint(1)\n``", '<pre><code class="language-py">print(1)\n</code></pre>'],
  ["```\na **b", "<pre><code>a **b\n</code></pre>"],
]) test(`“${half.replace(/\n/g, "⏎")}”`, () => assert.equal(html(half), whole));

test("a first table line is a table at once", () => {
  for (const half of ["| a | b", "| a | b |", "| a | b |\n|", "| a | b |\n|--", "| a | b |\n|---|---|"]) {
    const made = html(half);
    assert.match(made, /<table>/, half);
    assert.doesNotMatch(made, /-/, half);
  }
});

test("whole texts stay as they are", () => {
  const whole = "# A\n\nSome **bold** and *old* `code`, [link](https://x.org).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a = `x*y`;\n```\n\nEnd_of it.";
  assert.equal(marked.parse(closeMarkdown(whole)), marked.parse(whole));
});

test("no prefix of a rich text throws, shows a bare delimiter row or loses words", () => {
  const rich = "Hello **big *world* out** there with `a*b` and [x](https://e.org).\n\n1. one\n   - two **three**\n\n| a | b |\n|:--|--:|\n| 1 | **2** |\n\n```py\nx = 1\n```\n\nSum $$\na^2\n$$ done.";
  for (let length = 1; length <= rich.length; length += 1) {
    const made = html(rich.slice(0, length));
    assert.doesNotMatch(made.replace(/<pre>[\s\S]*?<\/pre>/g, ""), /\|\s*:?-+/, rich.slice(0, length));
    if (length > 6) assert.match(made, /Hello/);
  }
});
