// What a prompt asks for, what it says when it is filled in, and which one is meant by a few letters.

import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, matchingPrompts, variablesOf } from "../../static/js/prompt_text.js";

test("names in double braces, each once, in their order", () => {
  assert.deepEqual(variablesOf("Explain {{topic}} to {{ a child }}: {{topic}}!"), ["topic", "a child"]);
  for (const text of ["none", "{one}", "{{}}", "{{ }}", "{{a\nb}}", `{{${"x".repeat(41)}}}`, "{{{a}", "}}a{{"]) assert.deepEqual(variablesOf(text), [], text);
  assert.deepEqual(variablesOf("{{{a}}}"), ["a"]);
});

test("what was typed stands in its place as it is", () => {
  const values = new Map([["a", "$& {{b}} \\1"], ["b", "2"]]);
  assert.equal(filled("{{a}} and {{ b }} and {{a}}", values), "$& {{b}} \\1 and 2 and $& {{b}} \\1");
  assert.equal(filled("{{__proto__}}{{constructor}}.", new Map()), ".");
});

test("each typed word begins a word of the name; what begins as typed comes first", () => {
  const prompts = ["A quick summary", "Résumé of a text", "Summary in French"].map((name) => ({ name }));
  const names = (typed) => matchingPrompts(typed, prompts).map(({ name }) => name);
  assert.deepEqual(names("sum"), ["Summary in French", "A quick summary"]);
  assert.deepEqual(names("resu"), ["Résumé of a text"]);
  assert.deepEqual(names("fr su"), ["Summary in French"]);
  assert.deepEqual(names(""), prompts.map(({ name }) => name));
  assert.deepEqual(names("ummary"), []);
});
