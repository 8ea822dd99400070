// What a prompt asks for, and what it says when it is filled in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, variablesOf } from "../../static/js/prompt_text.js";

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
