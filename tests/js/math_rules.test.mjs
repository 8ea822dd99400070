// Prices, shell variables and plain dollars stay as they are; formulas are formulas, finished or not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Marked } from "../../node_modules/marked/lib/marked.esm.js";
import { closeMarkdown } from "../../static/js/markdown_closing.js";
import { formulas } from "../../static/js/math.js";

const marked = new Marked({ gfm: true, breaks: true });
marked.use(formulas);

/** The sources of all formulas of a text. */
function found(text) {
  const sources = [];
  const walk = (tokens) => {
    for (const token of tokens ?? []) {
      if (token.type.startsWith("math")) sources.push(token.source);
      walk(token.tokens);
      for (const item of token.items ?? []) walk(item.tokens);
      for (const cell of [...(token.header ?? []), ...(token.rows ?? []).flat()]) walk(cell.tokens);
    }
  };
  walk(marked.lexer(text));
  return sources;
}

const words = (text) => marked.parse(text).replace(/<[^>]+>/g, "").replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").trim();

const PLAIN = [
  "US$10 or 5$ each", "20$–30$ or 40$/month", "echo $HOME/bin:$PATH",
  "$5", "$1,000", "costs $5 and $6", "costs $5, $6 or $7", "$5–$6", "$5-$6", "$5/$6", "between $1,000.50 and $2k", "$5 or 6$", "$5 each and 6$ for two",
  "A$5, HK$6 and NT$7", "A$ and HK$", "$5 (A$)", "R$ 5 e US$ 6", "5 $ oder 6 $", "10 $, 20 $", "10 $ (20$)", "£5/$6/€7/A$", "$10/month or 12$/month", "$5 y 6$", "$5 à 6$", "стоит $5 или 6$", "价格是$5到6$",
  "a $5 bill and a 10$ bill", "$5+$6=$11", "$5M–$6M", "$AAPL and $TSLA", "$AAPL/$TSLA", "$AAPL,$TSLA", "I paid $5. That is 3$ less.", "$, $$ or $$$", "restaurants from $$ to $$$", "$$ or $$ per person",
  "$HOME and $PATH", "${HOME}/bin:${PATH}", "$(pwd)/$(whoami)", "$HOME:$(pwd)", "PATH=$PATH:$HOME/bin", "$1/$2", "$@ and $*", "$?:$!", "$env:PATH;$env:HOME", "\"$HOME\"/\"$PATH\"", "$A$1:$B$2", "=SUM($A:$B)", "kill $$ and wait $$",
  "$('#a').hide() and $('#b').show()", "$.ajax/$.get", "'$' or '$'", "“$” and “$”", "($) and ($)", "/^a+$/ and /^b+$/", "$user_name, $host_name", "$x y", "only one $x here", "$$", "$",
];
for (const text of PLAIN) test(`plain: ${text}`, () => {
  assert.deepEqual(found(text), []);
  assert.equal(words(text), text);
});

for (const [text, ...sources] of [
  ["$E=mc^2$", "E=mc^2"], ["$x_1 < y$", "x_1 < y"], ["$100x$", "100x"], ["$5$", "5"], ["$50%$", "50%"], ["$-5$", "-5"], ["$2 + 3 = 5$", "2 + 3 = 5"], ["$3 < x < 5$", "3 < x < 5"],
  ["$x$, $y$ and $z$.", "x", "y", "z"], ["($x$)", "x"], ["the $n$th and the $(k+1)$st", "n", "(k+1)"], ["a $p$-value", "p"], ["设$x$为实数", "x"], ["**Area: $a*b*c$**", "a*b*c"], ["*see $a*b$ here*", "a*b"],
  ["10$^\\circ$C, H$_2$O, 2$\\times$2", "^\\circ", "_2", "\\times"], ["$5 \\text{ or } 6$", "5 \\text{ or } 6"], ["$2 \\sin x$", "2 \\sin x"], ["$]0,1[$ and $[0,1)$", "]0,1[", "[0,1)"], ["$\\$5$", "\\$5"],
  ["It costs $5; let $x = 3$.", "x = 3"], ["5$ and $x = 3$", "x = 3"], ["$5 and 6$ and $x$", "x"], ["- $a$\n- $5 and $6", "a"], ["| $a$ | $5 |\n|---|---|\n| $6 | $b$ |", "a", "b"], ["so $$ x = 5 $$ holds", "x = 5"],
  ["$$\na^2 +\nb^2\n$$", "a^2 +\nb^2"], ["words\n$$x$$\nmore", "x"], ["\\(x\\) and \\[y\\]", "x", "y"], ["\\[\n\\frac{a}{b}\n\\]", "\\frac{a}{b}"], ["$\\{a\\}$", "\\{a\\}"],
]) test(`formula: ${text.replace(/\n/g, "⏎")}`, () => assert.deepEqual(found(text), sources));

test("code and a backslash keep dollars plain", () => {
  for (const text of ["`$x$` and `$`", "`a $` and `b $x`", "```sh\necho $a$\n```", "\\$x\\$", "\\$5 and \\$6$"]) assert.deepEqual(found(text), [], text);
});

test("a formula in a block has no empty line in it", () => {
  assert.deepEqual(found("$$ is the number of the process\n\nSo kill $$"), []);
  assert.deepEqual(found("$$\na\n\nb\n$$"), []);
});

test("what cannot be drawn yet keeps its signs out of the words around it", () => assert.match(marked.parse("a $x$ b"), /^<p>a .*x.* b<\/p>/));

// ---- while it is being written ----------------------------------------------------------------------------------

const shown = (text) => words(closeMarkdown(text));

test("a price is never hidden, not for one moment", () => {
  for (const whole of ["It costs $5 and then more", "It costs $1,000 + $6 = $1,006 or so", "Pay 5$ or US$10 now", "It is $5M–$6M."]) {
    for (let length = 1; length <= whole.length; length += 1) {
      const half = whole.slice(0, length);
      const expected = half.replace(/(?<![\w])\$$/, "").trim();
      assert.equal(shown(half), expected, half);
    }
  }
});

test("no part of a formula is shown as text", () => {
  for (const formula of ["$E=mc^2$", "$x_1 < y$", "$\\frac{a}{b}$", "$$ x = \\sqrt{2} $$", "\\(a_1 + b\\)", "$(a+b)^2$", "$f(x)$", "$|x|$"]) {
    const whole = `so ${formula}`;
    for (let length = 4; length < whole.length; length += 1) {
      const half = closeMarkdown(whole.slice(0, length));
      assert.equal(half.replace(/\\$/, "").trim(), "so", whole.slice(0, length));
    }
    assert.equal(closeMarkdown(whole), whole);
  }
});

test("a sign that never becomes a formula is shown as soon as that is clear", () => {
  assert.equal(shown("run $HOME/bin"), "run $HOME/bin");
  assert.equal(shown("run $MY_VAR and"), "run $MY_VAR and");
  assert.equal(shown("take $x and then go"), "take $x and then go");
  assert.equal(closeMarkdown("take $x_1\nand"), "take $x_1\nand");
  assert.equal(shown("`$x` is"), "$x is");
});

test("a block that is being written is one from its first line on", () => {
  const close = (text) => closeMarkdown(text, () => true);
  assert.equal(close("so\n\n$$\na^2"), "so\n\n$$a^2$$");
  assert.equal(close("so\n\n\\[\na^2 \\"), "so\n\n\\[a^2\\]");
  assert.equal(close("from $ to $$ and"), "from $ to $$ and");
  assert.equal(closeMarkdown("so\n\n$$\na^2").trim(), "so");
});
