// What tags several chats have together, which of one's own are offered, and which colour each has.

import assert from "node:assert/strict";
import { test } from "node:test";

import { suggested, together } from "../../static/js/tag_dialog.js";
import { colourOf } from "../../static/js/tags.js";

test("each tag once, with how many of the chats bear it", () => {
  assert.deepEqual(together([["work", "b"], ["work"], []]), [{ name: "b", count: 1 }, { name: "work", count: 2 }]);
  assert.deepEqual(together([]), []);
});

test("offered is what fits and what not all of the chats have", () => {
  const own = ["Far away", "Home", "Work"];
  const has = together([["Work", "Home"], ["Work"]]);
  assert.deepEqual(suggested("", own, has, 2), ["Far away", "Home"]);
  assert.deepEqual(suggested("aw", own, has, 2), ["Far away"]);
  assert.deepEqual(suggested("work", own, has, 2), []);
});

test("a tag has one of six colours, always the same", () => {
  assert.equal(colourOf("work"), colourOf("work"));
  assert.deepEqual(["a", "b", "c", "d", "e", "f", "g"].map(colourOf), [2, 3, 4, 5, 6, 1, 2]);
  assert.equal(colourOf("🐳"), (0x1f433 % 6) + 1); // by characters, as the server counts them
});
