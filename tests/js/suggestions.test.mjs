// Suggestions narrow down while one types; whatever is no beginning of theirs shows none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ideasFor } from "../../static/js/suggestions.js";

test("they narrow down", () => {
  assert.deepEqual(ideasFor("stop"), ["How do I stop an answer?"]);
});

test("a text of one's own, signs alone and nothing show none", () => {
  for (const typed of ["Tell me a joke about my cat", "?!", "/", "/tell", "", "  ", "x".repeat(16000)]) assert.deepEqual(ideasFor(typed), []);
});

test("four at most", () => {
  assert.equal(ideasFor("w", Array.from({ length: 9 }, (_, index) => `word ${index}`)).length, 4);
});
