// What is said of an answer, sentence by sentence: nothing of its signs, nothing twice, nothing half.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Marked } from "../../node_modules/marked/lib/marked.esm.js";
import { closeMarkdown } from "../../static/js/markdown_closing.js";
import { more, tokensOf, withOpening } from "../../static/js/markdown_more.js";
import { formulas } from "../../static/js/math.js";
import { formulaInWords, sentencesOf, spokenLines } from "../../static/js/speakable.js";

const marked = new Marked({ gfm: true, breaks: true });
marked.use(formulas, more);
const tokens = (text) => tokensOf(marked, withOpening(text));
const lines = (text) => spokenLines(tokens(text));
const said = (text, options) => sentencesOf(tokens(text), options);

for (const [text, heard] of [
  ["## The **big** fox\n\nIt *jumps* over `dogs` &amp; [cats](https://example.org/cats).", ["The big fox", "It jumps over dogs & cats."]],
  ["See https://www.example.org/a/b?c=d or <mail@example.org>.", ["See example.org or mail@example.org."]],
  ["Before\n\n```python\nprint(1)\n```\n\nAfter", ["Before", "Code block, python.", "After"]],
  ["    indented = code", ["Code block."]],
  ["- one\n- **two**\n  - three\n\n3. third\n4. fourth", ["one", "two", "three", "3: third", "4: fourth"]],
  ["- [x] eggs\n- [ ] milk", ["Done: eggs", "To do: milk"]],
  ["| City | People |\n|---|---|\n| Bonn | `330` |", ["Table.", "City; People", "Bonn; 330"]],
  ["Foxes are red [1], and quick [2, 3]. As in [4](https://example.org).", ["Foxes are red, and quick. As in 4."]],
  ["True[^1].\n\n[^1]: A *note*.", ["True.", "Note 1: A note."]],
  ["<think>\nHm. What?\n</think>\n\nYes.", ["Yes."]],
  ["<details><summary>More</summary>\n\nDeep\n</details>", ["More", "Deep"]],
  ["> quoted\n\n---\n\nH<sub>2</sub>O<br>next", ["quoted", "H2O", "next"]],
  ["Well done! 🎉👩🏽‍🚀 It is 20 °C ™", ["Well done! It is 20 °C ™"]],
  ["Then $x^2 + 1 = 5$, that costs $5 or $6.", ["Then x squared plus 1 equals 5 , that costs $5 or $6."]],
  ["$$\n\\frac{a}{b}\n$$", ["a over b"]],
  ["***\n\n🎉\n\n<!-- hm -->", []],
  ["![a fox](fox.png)", ["a fox"]],
  ["a < b", ["a < b"]],
]) test(`said of ${JSON.stringify(text)}`, () => assert.deepEqual(lines(text), heard));

test("formulas become words", () => {
  for (const [source, words] of [
    ["E = mc^2", "E equals mc squared"],
    ["\\frac{x^{2}}{3} \\le \\sqrt{y_{1}}", "x squared over 3 is at most the square root of y 1"],
    ["a^{n+1} \\times 10^3", "a to the power of n plus 1 times 10 cubed"],
    ["20^\\circ\\text{C}", "20 degrees C"],
    ["\\alpha \\to \\infty", "alpha to infinity"],
    ["\\left( x \\right)", "( x )"],
  ]) assert.equal(formulaInWords(source), words);
});

test("sentences, with or without the browser's segmenter", () => {
  const text = "Dr. Fox sleeps. Does it? Yes! Pi is 3.14 there, e.g. here.\n\n狐は寝る。犬も。";
  const expected = ["Dr. Fox sleeps.", "Does it?", "Yes!", "Pi is 3.14 there, e.g. here.", "狐は寝る。", "犬も。"];
  assert.deepEqual(said(text), expected);
  const { Segmenter } = Intl;
  delete Intl.Segmenter;
  try {
    assert.deepEqual(said(text), expected);
  } finally {
    Intl.Segmenter = Segmenter;
  }
});

test("nothing is longer than a voice can hold, and nothing is lost by that", () => {
  for (const text of [`${"word and, ".repeat(100)}end.`, "x".repeat(1000), "狐犬、".repeat(300)]) {
    const all = said(text);
    assert.ok(all.length > 2 && all.every((part) => part.length <= 240), text.slice(0, 12));
    assert.equal(all.join("").replace(/\s/g, ""), text.replace(/\s/g, ""));
  }
});

test("while an answer grows, what was ready stays ready, and at its end all of it is", () => {
  const whole = "Hello there. This is **bold. Really** so.\n\n1. First one. And more.\n2. Second\n\n```js\nlet a = 1; // no. no.\n```\n\n| a | b |\n|---|---|\n| One. Two | 3 |\n\nThe end [1]. Bye";
  const final = said(whole);
  let most = 0;
  for (let length = 1; length <= whole.length; length += 1) {
    const ready = said(closeMarkdown(whole.slice(0, length)), { growing: true });
    assert.deepEqual(ready, final.slice(0, ready.length), `${length}: ${whole.slice(0, length)}`);
    most = Math.max(most, ready.length);
  }
  assert.equal(most, final.length - 1, "only the last one waits for the end");
});

test("hostile text takes no time", () => {
  for (const text of [">".repeat(20000), `$${"{".repeat(1900)}x$`, "\\(".repeat(4000), "[1".repeat(5000), `$${"\\frac{".repeat(300)}$`, "a. ".repeat(20000), "&amp".repeat(9000), `${" ".repeat(30000)}.x`]) {
    const from = performance.now();
    said(text);
    assert.ok(performance.now() - from < 3000, text.slice(0, 12));
  }
});
