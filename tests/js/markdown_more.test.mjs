// Thoughts, details, footnotes, tags: what is shown, what is folded, and nothing raw by accident.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Marked } from "../../node_modules/marked/lib/marked.esm.js";
import { Announcer } from "../../static/js/announcer.js";
import { closeMarkdown } from "../../static/js/markdown_closing.js";
import { answerOf, htmlFrom, more, saysNothing, tokensOf, withOpening } from "../../static/js/markdown_more.js";

const marked = new Marked({ gfm: true, breaks: true });
marked.use(more);
const html = (text) => marked.parse(withOpening(text)).trim();
const half = (text) => marked.parse(withOpening(closeMarkdown(text))).trim();
const thought = (made) => /<div class="thought-text">([\s\S]*?)<\/div>/.exec(made)?.[1];

test("what is thought folds away as it was written, and the answer stands beside it", () => {
  const made = html("<think>\nFirst  *this*,\n  then that.\n\n```py\nopen\n</think>\n\nSo **four**.");
  assert.equal(thought(made), "First  *this*,\n  then that.\n\n```py\nopen");
  assert.match(made, /<details class="thought"><summary>[\s\S]*<\/details>\s*<p>So <strong>four<\/strong>\.<\/p>$/);
});

test("its other names, its missing beginning, its absence", () => {
  for (const name of ["think", "thinking", "thought", "reasoning", "THINK"]) assert.equal(thought(html(`<${name}>a\nb</${name}>c`)), "a\nb", name);
  assert.equal(thought(html("I count to\nthree.\n</think>\n\nThree.")), "I count to\nthree.");
  assert.equal(html("<think>\n\n</think>\n\nHello"), "<p>Hello</p>");
  assert.equal(html("Write `<think>` and `</think>`."), "<p>Write <code>&lt;think&gt;</code> and <code>&lt;/think&gt;</code>.</p>");
  assert.doesNotMatch(html("The tag\n\n<think>\n\nopens it."), /details/);
  assert.match(html("The tag\n\n<think>\n\nopens it."), /&lt;think&gt;/);
});

test("while it is being thought, nothing of it is shown as the answer", () => {
  const whole = "<think>\nLet me *see: `a, $x_1\n```\n| b\n\n**then** two\n</think>\n\nTwo";
  for (let length = 1; length <= whole.length; length += 1) {
    const made = half(whole.slice(0, length));
    const outside = made.replace(/<details[\s\S]*?<\/details>/, "").replace(/<[^>]*>/g, "").trim();
    assert.ok("Two".startsWith(outside), `${length}: ${outside}`);
    if (length > 10 && length < 60) assert.match(made, /thought unfinished|class="thought"/);
    assert.doesNotMatch(thought(made) ?? "", /&lt;|\*\*\*\*/, whole.slice(0, length));
  }
});

test("copying takes the answer", () => {
  assert.equal(answerOf("<think>a</think>\n\nb"), "b");
  assert.equal(answerOf("a</think>b"), "b");
  assert.equal(answerOf("<think>a"), "<think>a");
  assert.equal(answerOf("plain"), "plain");
});

test("a screen reader hears the answer, not the thoughts", () => {
  const announcer = new Announcer({});
  const heard = [];
  announcer.say = (text) => heard.push(text);
  for (const text of ["", "<think>\nOne. Two.\n", "<think>\nOne. Two.\n</think>\nThree. Fo"]) announcer.follow({ key: "k", text }, true);
  announcer.follow({ key: "k", text: "<think>\nOne. Two.\n</think>\nThree. Four", status: "complete" }, false);
  assert.deepEqual(heard.filter(Boolean), ["Echo is answering.", "Three.", "Four", "Answer finished."]);
});

test("an answer that shows nothing is known as one", () => {
  for (const text of ["", " \n\t", "\u200b\u200d\ufeff", "\u2800\u3164", "\u00a0", "<!-- nothing -->", "<think>\nHm.\n</think>\n\n", "<think>\nHm.", "\u0000\u00ad\u2060"]) assert.equal(saysNothing(text), true, JSON.stringify(text));
  for (const text of [".", "0", "👍", "👨‍👩‍👧", "é", "<think>\nHm.\n</think>\n\nYes", "```\n```", "---", "<br>x", "אב"]) assert.equal(saysNothing(text), false, JSON.stringify(text));
});

test("details fold what is inside, as Markdown", () => {
  const made = html("before\n<details>\n<summary>See **all**</summary>\n\n- one\n\n```js\nlet a;\n```\n\n<details><summary>in</summary>deep</details>\n</details>\nafter");
  assert.match(made, /<p>before<\/p>\s*<details><summary>See <strong>all<\/strong><\/summary><div class="details-text"><ul>\s*<li>one<\/li>[\s\S]*<code class="language-js">[\s\S]*<details><summary>in<\/summary>[\s\S]*deep[\s\S]*<\/details><\/div><\/details><p>after<\/p>/);
  assert.match(html("<details open>x</details>"), /^<details open><summary>Details<\/summary>/);
  assert.match(half("<details>\n<summary>See"), /^<details><summary>See<\/summary><div class="details-text"><\/div><\/details>$/);
  for (let length = 1; length < 40; length += 1) assert.doesNotMatch(half("<details>\n<summary>See</summary>\n\nText\n</details>".slice(0, length)), /&lt;/);
});

for (const [text, made] of [
  ["H<sub>2</sub>O and x<sup class=\"a\">2</sup>", "<p>H<sub>2</sub>O and x<sup>2</sup></p>"],
  ["a<br>b<br/>c<br />d", "<p>a<br>b<br>c<br>d</p>"],
  ["Press <kbd>Ctrl</kbd>", "<p>Press <kbd>Ctrl</kbd></p>"],
  ["<center>**mid**</center>", "<p><strong>mid</strong></p>"],
  ["<p align=\"center\">a <b onclick=\"x()\">b</b></p>", "<p>a <b>b</b></p>"],
  ["<!-- a note -->seen", "<p>seen</p>"],
  ["<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"],
  ["<img src=x onerror=\"a\">", "<p>&lt;img src=x onerror=&quot;a&quot;&gt;</p>"],
  ["a List<String> b", "<p>a List&lt;String&gt; b</p>"],
  ["<T>\nfoo\n*bar*", "<p>&lt;T&gt;<br>foo<br><em>bar</em></p>"],
  ["a < b and c > d", "<p>a &lt; b and c &gt; d</p>"],
  ["`<br>`", "<p><code>&lt;br&gt;</code></p>"],
]) test(`tags: ${text.replace(/\n/g, "⏎")}`, () => assert.equal(html(text), made));

test("cells break their lines, and tables of HTML are tables", () => {
  assert.match(html("| a |\n|---|\n| one<br>two |"), /<td>one<br>two<\/td>/);
  const made = html("<table border=1>\n<tr><th colspan=\"2\" style=\"x\">A & B</th></tr>\n<tr><td>1</td><td onclick=\"x\"><script>2</script></td></tr>\n</table>\n\nafter");
  assert.match(made, /<tr><th colspan="2">A & B<\/th><\/tr>\s*<tr><td>1<\/td><td>&lt;script&gt;2&lt;\/script&gt;<\/td><\/tr>/);
  assert.match(made, /<p>after<\/p>$/);
});

test("footnotes: a mark where it is, the note where it is written", () => {
  const made = html("One[^1] and two[^why].\n\n[^1]: The *first*.\n[^why]: The second,\n  which goes on.");
  assert.match(made, /One<sup class="note-mark" title="The first\.">1<\/sup> and two<sup class="note-mark" title="The second,\n +which goes on\.">why<\/sup>/);
  assert.match(made, /<p class="note"><sup>1<\/sup> The <em>first<\/em>\.<\/p>/);
  assert.match(made, /<p class="note"><sup>why<\/sup> The second,<br>which goes on\.<\/p>/);
  assert.equal(html("the pattern [^abc] and [^0-9]+"), "<p>the pattern [^abc] and [^0-9]+</p>");
  assert.equal(html("early[^2]"), '<p>early<sup class="note-mark">2</sup></p>');
  assert.equal(half("early[^"), "<p>early</p>");
});

test("task lists have boxes", () => assert.match(html("- [x] done\n- [ ] open"), /<li><input checked="" disabled="" type="checkbox"> ?done<\/li>\s*<li><input disabled="" type="checkbox"> ?open<\/li>/));

test("a tag that is being written is not shown, a comparison is", () => {
  for (const text of ["a<", "a<s", "a<su", "a</su", "a<br ", "a<!--", "a<!-- note"]) assert.equal(half(text), "<p>a</p>", text);
  for (const text of ["a < b", "a <xyz", "if a<b2"]) assert.match(half(text), /&lt;/, text);
});

test("what is nested too deep is shown as it stands, and nothing takes long", () => {
  const deep = [">".repeat(20000), "<details>\n".repeat(3000), "$x ".repeat(5000), "\\(".repeat(5000), "<think>".repeat(3000), "[^1]: a\n".repeat(3000), `$$\n${"\\frac{".repeat(2000)}`, "` ``".repeat(3000)];
  for (const text of deep) {
    const from = performance.now();
    const made = tokensOf(marked, withOpening(`${text}x`)).map((token) => htmlFrom(marked, token)).join("");
    closeMarkdown(text);
    assert.ok(performance.now() - from < 5000, text.slice(0, 10));
    assert.match(made, /x/, text.slice(0, 10));
  }
  assert.equal(tokensOf(marked, `${">".repeat(20000)}x`)[0].type, "plain");
});
