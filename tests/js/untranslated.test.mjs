// No text that people read stands in a module without `t`, `n` or `mark` of words.js, and each of these calls can be gathered.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { literals } from "./literals.mjs";

const folder = new URL("../../static/js/", import.meta.url);
const modules = readdirSync(folder).filter((name) => name.endsWith(".js")).map((name) => [name, literals(readFileSync(new URL(name, folder), "utf8"))]);

const NAMES = [ // of things that have one name in every language
  ...["Echo", "\0 · Echo"].map((name) => [name, "the application"]),
  ...["JavaScript", "TypeScript", "Python", "Shell"].map((name) => [name, "a programming language"]),
  ...["Enter", "Escape", "Tab", "Space", "Home", "End", "Delete", "Backspace", "Control", "Meta", "Shift", "Alt", "Ctrl", "Esc", "Plus", "Fn", "Dead", "Process", "Unidentified"].map((name) => [name, "a key"]),
  ...["Accept", "Files"].map((name) => [name, "a name of the browser's"]),
  ["Call me \0", "what is remembered is written in the words of the rule that found it, which reads English"],
].map(([name]) => name);

const CAPITAL = /^[“\s\0]*\p{Lu}\p{Ll}+(?=[\s.,:;!?…’'”]|$)/u; // sentences and labels begin so
const WORDS_AROUND = /\0[\s\S]*(?:^|[\s\0])\p{L}{2,}(?:$|[\s.,\0])|(?:^|\s)\p{L}{2,}\s[\s\S]*\0/u; // "\0 is empty"
const SHOWN = new RegExp([
  String.raw`\b(?:textContent|innerText|ariaLabel|title|placeholder|label|hint|tip)"?(?:\)|,)?\s*(?<![=!])[=:]\s*(?:[^=;,{}]*\?\s*|[^;,{}]*(?:\?\?|\|\|)\s*)?$`,
  String.raw`"(?:aria-label|aria-description|data-tip|title|placeholder|alt)"[:,]\s*(?:[^;,{}]*\?\s*(?:[^;,{}]*:\s*)?)?$`,
  String.raw`\b(?:toast|say|announce|showError|alert|confirm|Error)\((?:[^()]*\?\s*(?:[^()]*:\s*)?)?$`,
  String.raw`\biconButton\([^,]+,\s*$`,
  String.raw`\belement\("\w+", \{[^{}]*\},(?:[^()]*,)?\s*$`,
].join("|"));

/** Why a literal is taken for words that somebody reads; null: it is none, or it is said. */
function shownWords({ text, before, said }) {
  if (said || NAMES.includes(text)) return null;
  if (CAPITAL.test(text)) return "it begins like a sentence";
  if (/\p{L}{2,}/u.test(text) && SHOWN.test(before)) return "it is shown";
  return WORDS_AROUND.test(text) && !/\bclass"?[:,]\s*$/.test(before) ? "words stand around a value" : null;
}

test("every text is said in the reader's language", () => {
  for (const [name, { found }] of modules) {
    for (const each of found) assert.equal(shownWords(each), null, `${name}:${each.line}: ${JSON.stringify(each.text)}`);
  }
});

const module = (source) => literals(`import { mark, n, p, t } from "./words.js";\n${source}`);

test("what is found here would be found anywhere", () => {
  const wrong = [
    'node.textContent = "two words";', 'node.textContent = done ? "copied" : t("Other");', 'toast("not found");', 'this.announcer.say("begun");', 'const x = { label: "new", run };',
    'iconButton("close", "close", go);', 'element("span", { class: "x" }, "some words");', 'node.setAttribute("aria-label", "a table");', "toast(`${count} left`);", "const s = `“${name}” is empty`;", 'const W = { a: "Something went wrong." };',
    'throw new Error("went wrong");', "const x = `${a} of ${b}`;", 'element("p", { "data-tip": "over there" });',
  ];
  for (const source of wrong) assert.ok(module(source).found.some(shownWords), source);
  const right = ['node.textContent = t("Two words");', 'element("div", { class: "button small" }, t("Go"));', "element(\"div\", { class: `toast ${kind}` });", 'if (event.key === "Enter") go(/a "b" c/);', "root.querySelector(`.row[data-id=\"${id}\"]`);"];
  for (const source of right) assert.ok(!module(source).found.some(shownWords), source);
});

test("each text can be gathered: a plain string, and no such call within another", () => {
  for (const [name, { nested, unread }] of modules) {
    assert.deepEqual(nested, [], `${name}: a call within a call`);
    if (name !== "server_words.js") assert.deepEqual(unread, [], `${name}: no plain string`); // it says what its own table has gathered
  }
  assert.equal(module("t(`a`); t(name); p(name, \"a\"); t(\"a\", { b: t(\"c\") });").unread.length, 3);
  assert.equal(module("t(\"a\", { b: n(1, \"c\", \"d\") });").nested.length, 1);
});

test("no text has a plural here and none there: a catalogue has one entry for each", () => {
  const texts = (calls) => new Set(modules.flatMap(([, { found }]) => found.filter(({ said }) => calls.includes(said)).map(({ text }) => text)));
  const plain = texts(["t", "mark"]);
  assert.ok(plain.size > 300);
  for (const text of texts(["n"])) assert.ok(!plain.has(text), text);
});
