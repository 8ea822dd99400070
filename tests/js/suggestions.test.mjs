// Suggestions narrow down while one types; whatever is no beginning of theirs shows none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { matching } from "../../static/js/suggestions.js";

const IDEAS = ["Tell me a joke", "Name a café by the sea", "A story about the sea", "How do I stop?"];

test("each typed word begins a word, without case and accents", () => {
  assert.deepEqual(matching("sea", IDEAS), ["Name a café by the sea", "A story about the sea"]);
  assert.deepEqual(matching("SE na", IDEAS), ["Name a café by the sea"]);
  assert.deepEqual(matching("cafe", IDEAS), ["Name a café by the sea"]);
  assert.deepEqual(matching("ea", IDEAS), []);
});

test("what begins as typed comes first", () => {
  assert.deepEqual(matching("a", IDEAS).slice(0, 1), ["A story about the sea"]);
  assert.deepEqual(matching("how do i", IDEAS), ["How do I stop?"]);
});

test("a text of one's own, signs alone and nothing show none", () => {
  for (const typed of ["Tell me a joke about my cat", "?!", "/", "/tell", "", "  ", "x".repeat(16000)]) assert.deepEqual(matching(typed, IDEAS), []);
});

test("four at most", () => {
  assert.equal(matching("w", Array.from({ length: 9 }, (_, index) => `word ${index}`)).length, 4);
});
