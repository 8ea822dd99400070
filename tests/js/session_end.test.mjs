// A session that ends takes the page away once, says why in the next one, and is no news to the tab that signs out itself.

import assert from "node:assert/strict";
import { test } from "node:test";

const replaced = [];
const kept = new Map();
globalThis.location = { pathname: "/c/1", replace: (url) => replaced.push(url) };
globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
const place = { textContent: "" };
globalThis.document = { querySelector: () => ({ content: "7" }), getElementById: () => place };
globalThis.localStorage = { length: 1, key: () => "echo.draft.7.new", removeItem: (key) => kept.set("removed", key) };

const fresh = () => import(`../../static/js/session_end.js?${Math.random()}`);

test("the page leaves once and leads back", async () => {
  const { leave } = await fresh();
  leave("You signed out.");
  leave("Again.");
  assert.deepEqual(replaced.splice(0), ["/login?next=%2Fc%2F1"]);
  assert.equal(kept.get("echo.ended"), "You signed out.");
});

test("the next page says why, once, and forgets the drafts of who is named", async () => {
  const { afterSessionEnd } = await fresh();
  afterSessionEnd();
  assert.equal(place.textContent, "You signed out.");
  assert.equal(kept.get("removed"), "echo.draft.7.new");
  place.textContent = "";
  afterSessionEnd();
  assert.equal(place.textContent, "");
});

test("who signs out here goes where the form leads", async () => {
  const { leave, signingOut } = await fresh();
  signingOut();
  leave("You signed out.");
  assert.deepEqual(replaced, []);
});
