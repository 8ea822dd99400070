// Which texts are meant by a few letters.

import assert from "node:assert/strict";
import { test } from "node:test";
import { matching } from "../../static/js/matching.js";

const TEXTS = ["Tell me a joke", "Name a café by the sea", "A story about the sea", "How do I stop?"];

test("each typed word begins a word, without case and accents", () => {
  assert.deepEqual(matching("sea", TEXTS), ["Name a café by the sea", "A story about the sea"]);
  assert.deepEqual(matching("SE na", TEXTS), ["Name a café by the sea"]);
  assert.deepEqual(matching("cafe", TEXTS), ["Name a café by the sea"]);
  assert.deepEqual(matching("ea", TEXTS), []);
  assert.deepEqual(matching("Tell me a joke about my cat", TEXTS), []);
});

test("what begins as typed comes first", () => {
  assert.deepEqual(matching("a", TEXTS), ["A story about the sea", "Tell me a joke", "Name a café by the sea"]);
  assert.deepEqual(matching("how do i", TEXTS), ["How do I stop?"]);
});

test("without a word all are meant", () => {
  for (const typed of ["", " ", "?!", "/"]) assert.deepEqual(matching(typed, TEXTS), TEXTS);
});

test("entries are found by their name and come back whole", () => {
  const prompts = ["A quick summary", "Résumé of a text", "Summary in French"].map((name) => ({ name }));
  assert.deepEqual(matching("sum", prompts, ({ name }) => name), [prompts[2], prompts[0]]);
});
