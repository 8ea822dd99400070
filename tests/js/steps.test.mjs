// What a step says on its line.

import assert from "node:assert/strict";
import { test } from "node:test";
import { title } from "../../static/js/steps.js";

test("a step says what was done with what", () => {
  assert.equal(title({ tool: "calculator", input: "23 × 17", result: "391" }), "Calculated 23 × 17");
  assert.equal(title({ tool: "calendar", input: "the time", result: "09:45" }), "Looked up the time");
  assert.equal(title({ tool: "documents", input: "puffins", result: "1" }), "Searched your documents: 1 passage");
  assert.equal(title({ tool: "documents", input: "puffins", result: "0" }), "Searched your documents: 0 passages");
  assert.equal(title({ tool: "help", input: "New chat · Clear chat", result: "…" }), "From the help: New chat · Clear chat");
  assert.equal(title({ tool: "one of a later Echo", input: "x", result: "y" }), "Computed x");
});
