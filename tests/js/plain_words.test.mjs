// The first words of an answer, as a notification shows them: no sign of Markdown, no tag, no thought.

import assert from "node:assert/strict";
import { test } from "node:test";
import { firstWords } from "../../static/js/plain_words.js";

test("Markdown becomes words", () => {
  const texts = {
    "**Rain** is _kind_, and `code` too.": "Rain is kind, and code too.",
    "# Title\n\n- one\n- two\n1. three": "Title one two three",
    "See [the manual](https://example.org) and ![a cat](cat.png)": "See the manual and a cat",
    "```python\nprint(1)\n```\nDone": "print(1) Done",
    "| a | b |\n|---|:-:|\n| 1 | 2 |": "a b 1 2",
    "<think>\nhidden\n</think>\n\nShown <b>here</b>": "Shown here",
    "> said\n\n---\n\nthen": "said then",
    "keep snake_case and 2*3*4 and a_b": "keep snake_case and 2*3*4 and a_b",
    "1 \\* 2": "1 * 2",
    "": "",
  };
  for (const [text, plain] of Object.entries(texts)) assert.equal(firstWords(text), plain, text);
});

test("a long answer is cut between words, and never inside a sign", () => {
  const cut = firstWords("word ".repeat(200), 50);
  assert.ok(cut.length <= 51 && cut.endsWith("word…"), cut);
  assert.equal(firstWords("😀".repeat(100), 11), `${"😀".repeat(5)}…`);
});
