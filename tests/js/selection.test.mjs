// A stretch of rows, and how undo finds back where several chats stood.

import assert from "node:assert/strict";
import { test } from "node:test";

import { between } from "../../static/js/selection.js";
import { places } from "../../static/js/selection_acts.js";

test("from one row to another, in either direction", () => {
  const ids = ["a", "b", "c", "d"];
  assert.deepEqual(between(ids, "b", "d"), ["b", "c", "d"]);
  assert.deepEqual(between(ids, "d", "b"), ["b", "c", "d"]);
  assert.deepEqual(between(ids, "c", "c"), ["c"]);
});

test("without a row to begin at it is the one that was meant", () => {
  assert.deepEqual(between(["a", "b"], null, "b"), ["b"]);
  assert.deepEqual(between(["a", "b"], "gone", "b"), ["b"]);
});

test("those that stood in one place go back together", () => {
  const states = [
    { id: "1", archived: false, folder_id: null, pinned: true },
    { id: "2", archived: false, folder_id: "f" },
    { id: "3", archived: false, folder_id: null },
    { id: "4", archived: true, folder_id: "f" },
  ];
  assert.deepEqual(places(states), [
    { ids: ["1", "3"], archived: false, folder_id: null },
    { ids: ["2"], archived: false, folder_id: "f" },
    { ids: ["4"], archived: true, folder_id: "f" },
  ]);
});
