// Drafts are kept per person and conversation, and never in the way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafts, forgetDrafts } from "../../static/js/drafts.js";

class Storage {
  constructor() { this.map = new Map(); }
  get length() { return this.map.size; }
  key(index) { return [...this.map.keys()][index] ?? null; }
  getItem(key) { return this.map.get(key) ?? null; }
  setItem(key, value) { this.map.set(key, String(value)); }
  removeItem(key) { this.map.delete(key); }
}

test("each conversation and each person has an own draft", () => {
  const storage = new Storage();
  const one = new Drafts("u1", storage);
  one.save("a", "for a");
  one.save(null, "for a new chat");
  assert.equal(one.load("a"), "for a");
  assert.equal(one.load(null), "for a new chat");
  assert.equal(one.load("b"), "");
  assert.equal(new Drafts("u2", storage).load("a"), "");
});

test("an empty draft leaves nothing behind", () => {
  const storage = new Storage();
  const drafts = new Drafts("u", storage);
  drafts.save("a", "text");
  drafts.save("a", "  \n");
  assert.equal(storage.length, 0);
});

test("the draft of a new chat follows it to its name", () => {
  const drafts = new Drafts("u", new Storage());
  drafts.save(null, "more");
  drafts.move(null, "c1");
  assert.equal(drafts.load(null), "");
  assert.equal(drafts.load("c1"), "more");
});

test("the oldest go when there are too many; strangers' keys stay", () => {
  const storage = new Storage();
  storage.setItem("other", "kept");
  let clock = 0;
  const drafts = new Drafts("u", storage, () => (clock += 1));
  for (let index = 0; index < 70; index += 1) drafts.save(`c${index}`, "text");
  assert.equal(storage.length, 51);
  assert.equal(drafts.load("c0"), "");
  assert.equal(drafts.load("c69"), "text");
  assert.equal(storage.getItem("other"), "kept");
});

test("missing, full and broken storage do no harm", () => {
  assert.equal(new Drafts("u", null).load("a"), "");
  new Drafts("u", null).save("a", "x");
  const storage = new Storage();
  storage.setItem("echo.draft.u.a", "{broken");
  assert.equal(new Drafts("u", storage).load("a"), "");
  storage.setItem = () => { throw new Error("full"); };
  new Drafts("u", storage).save("a", "x");
});

test("a sign-out takes every draft of that account, and nobody else's", () => {
  const storage = new Storage();
  for (const id of ["7", "70"]) for (const chat of [null, "a", "b"]) new Drafts(id, storage).save(chat, "text");
  storage.setItem("echo.theme", "dark");
  forgetDrafts("7", storage);
  assert.deepEqual([...storage.map.keys()], ["echo.draft.70.new", "echo.draft.70.a", "echo.draft.70.b", "echo.theme"]);
  forgetDrafts("*", storage);
  assert.deepEqual([...storage.map.keys()], ["echo.theme"]);
  forgetDrafts("7", null);
});
