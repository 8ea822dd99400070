// Answers that end while nobody looks: counted in the title, told once however many tabs there are, and offered when they are long.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const kept = new Map();
const watchers = [];
const shown = [];
const badge = [];
class Notification {
  static permission = "granted";
  constructor(title, options) { Object.assign(this, { title }, options); shown.push(this); }
  close() { this.closed = true; }
}
/** Locks as browsers have them, of all tabs together: shared ones that stay, exclusive ones one after the other. */
const locks = {
  held: [],
  last: Promise.resolve(),
  request(name, options, act = options) {
    if (options.mode !== "shared") return (this.last = this.last.then(() => act()));
    const entry = { name };
    this.held.push(entry);
    return Promise.resolve(act()).then(() => { this.held.splice(this.held.indexOf(entry), 1); });
  },
  query() { return Promise.resolve({ held: this.held }); },
};
const setGlobal = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
setGlobal("addEventListener", () => {});
setGlobal("window", { focus: () => kept.set("focused", true) });
setGlobal("localStorage", { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) });
setGlobal("document", { title: "Echo", visibilityState: "visible", querySelector: () => null, querySelectorAll: () => [], addEventListener: (_, act) => watchers.push(act) });
setGlobal("navigator", { locks, setAppBadge: async (count) => badge.push(count), clearAppBadge: async () => badge.push(0) });
setGlobal("Notification", Notification);
const { Notices, bodyOf } = await import("../../static/js/notices.js");
const { setTitle } = await import("../../static/js/page_title.js");

const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const look = async (state) => { document.visibilityState = state; for (const act of watchers) act(); await settled(); };
const chat = (id, live, more = {}) => ({ id, title: `Chat ${id}`, live, updated_at: "now", ...more });
const reply = (text, status = "complete") => ({ role: "assistant", text, status });

function tab({ id = "a", rows = {}, listed = [] } = {}) {
  const opened = [];
  const current = { id, store: { path: () => [{ role: "user", text: "?" }, rows[id] ?? reply("Yes.")] }, socket: { request: async (_, { conversation_id }) => ({ messages: [rows[conversation_id]] }) } };
  const offers = [];
  const list = { querySelectorAll: () => listed, addEventListener: (_, act) => { list.settle = act; } };
  const notices = new Notices({ rows: list, current: () => current, open: (which) => opened.push(which), offer: () => { offers.push("shown"); return () => offers.push("gone"); } });
  return { notices, opened, offers, list };
}

beforeEach(async () => {
  await look("visible");
  watchers.splice(0);
  locks.held.splice(0);
  shown.splice(0);
  badge.splice(0);
  kept.clear();
  kept.set("echo.notify", "on");
  Notification.permission = "granted";
});

test("the title counts until somebody looks again", async () => {
  const { notices } = tab();
  setTitle("Rain · Echo");
  await look("hidden");
  for (const id of ["a", "b"]) notices.changed(chat(id, true));
  await notices.changed(chat("a", false));
  assert.equal(document.title, "(1) Rain · Echo");
  setTitle("Sun · Echo");
  assert.equal(document.title, "(1) Sun · Echo");
  await look("visible");
  assert.equal(document.title, "Sun · Echo");
  assert.deepEqual(badge, [1, 0]);
});

test("the notification has the title, the first words and leads to the chat", async () => {
  const { notices, opened } = tab({ rows: { a: reply("**Rain** is\nkind.") } });
  await look("hidden");
  notices.changed(chat("a", true));
  await notices.changed(chat("a", false));
  assert.deepEqual(shown.map(({ title, body, tag }) => [title, body, tag]), [["Chat a", "Rain is kind.", "a"]]);
  shown[0].onclick();
  assert.deepEqual([opened, kept.get("focused"), shown[0].closed], [["a"], true, true]);
});

test("of several tabs one tells, and the next end is told anew", async () => {
  const tabs = [tab(), tab(), tab({ id: "other", rows: { a: reply("Yes.") } })];
  await look("hidden");
  for (const mark of ["one", "two"]) {
    for (const { notices } of tabs) notices.changed(chat("a", true));
    await Promise.all(tabs.map(({ notices }) => notices.changed(chat("a", false, { updated_at: mark }))));
  }
  assert.equal(shown.length, 2);
});

test("nothing is told while Echo is looked at, here or in another tab, nor of what a person stopped", async () => {
  const { notices } = tab({ rows: { a: reply("Half", "stopped") } });
  const round = async () => { notices.changed(chat("a", true)); await notices.changed(chat("a", false)); };
  await round();
  await look("hidden");
  await round();
  locks.held.push({ name: "echo.seen" });
  await round();
  assert.deepEqual([shown, badge], [[], []]);
});

test("without the wish or the permission only the title tells", async () => {
  const { notices } = tab();
  await look("hidden");
  for (const [wish, permission] of [["off", "granted"], ["ask", "granted"], ["on", "denied"]]) {
    kept.set("echo.notify", wish);
    Notification.permission = permission;
    notices.changed(chat("a", true));
    await notices.changed(chat("a", false));
  }
  assert.deepEqual([shown.length, badge], [0, [1, 2, 3]]);
});

test("what ended while the connection was away stands in the list", async () => {
  const row = { dataset: { id: "b", live: "1", updated: "now" }, querySelector: () => ({ textContent: "Chat b" }) };
  const { list } = tab({ listed: [row], rows: { b: reply("", "failed") } });
  await look("hidden");
  row.dataset.live = "0";
  list.settle();
  await settled();
  assert.deepEqual(shown.map(({ body }) => body), ["The answer failed."]);
});

test("what is said of each end", () => {
  assert.equal(bodyOf(reply("Half an", "interrupted")), "The answer was interrupted.");
  assert.equal(bodyOf(reply("<think>so</think>")), "The answer is there.");
  for (const nothing of [undefined, { role: "user", text: "?" }, reply("Half", "stopped")]) assert.equal(bodyOf(nothing), null);
});

test("the offer comes at a long answer in view, once nothing was decided, and goes with it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  Notification.permission = "default";
  const long = async (wish, id = "a", seconds = 11) => {
    kept.set("echo.notify", wish);
    const { notices, offers } = tab();
    notices.changed(chat(id, true));
    t.mock.timers.tick(seconds * 1000);
    notices.changed(chat(id, false));
    return offers;
  };
  assert.deepEqual(await long("ask"), ["shown", "gone"]);
  assert.deepEqual(await long("ask", "a", 9), []);
  assert.deepEqual(await long("ask", "elsewhere"), []);
  assert.deepEqual(await long("off"), []);
  Notification.permission = "denied";
  assert.deepEqual(await long("ask"), []);
});
