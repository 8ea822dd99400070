// Who asked what in a chat of several people, and what one may do with it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { askerOf, initials, rightsOn } from "../../static/js/people.js";

const own = { together: { owner: "ada", own: true, members: 1 } };
const others = { together: { owner: "ada", own: false, members: 1 } };
const alone = { together: null };
const question = { role: "user" };
const bens = { role: "user", author: { name: "ben" } };

test("a name stands over what somebody else has asked", () => {
  assert.equal(askerOf(question, alone, "ada"), "");
  assert.equal(askerOf(question, own, "ada"), "");
  assert.equal(askerOf(question, others, "ben"), "ada");
  assert.equal(askerOf(bens, others, "ben"), "");
  assert.equal(askerOf(bens, own, "ada"), "ben");
  assert.equal(askerOf(bens, alone, "ada"), "ben"); // he has left
  assert.equal(askerOf({ role: "user", author: { name: null } }, own, "ada"), "Somebody who has left");
  assert.equal(askerOf({ role: "user", local: true }, others, "ben"), "");
});

test("what one has asked for is one's own; of the rest the owner may more", () => {
  const may = (row, info, me) => Object.entries(rightsOn(row, info, me)).filter(([, yes]) => yes).map(([name]) => name).join(" ");
  assert.equal(may(question, alone, "ada"), "edit again stop rate continue");
  assert.equal(may({ role: "assistant" }, others, "ben"), "");
  assert.equal(may({ role: "assistant", author: { name: "ben" } }, others, "ben"), "again stop rate continue");
  assert.equal(may({ role: "assistant", author: { name: "ben" } }, own, "ada"), "edit again stop");
  assert.equal(may(bens, own, "ada"), "again stop");
  assert.equal(may(question, null, "ada"), "edit again stop rate continue"); // a chat that is just beginning
});

test("initials", () => {
  assert.deepEqual(["ada", "Ada.Byron", "x", "_.-"].map(initials), ["AD", "AB", "X", "_."]);
});
