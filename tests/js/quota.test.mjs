// What is left of the day's allowances: silence, then a warning, then what happens when.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Quota, describe, scarcest, wait, when } from "../../static/js/quota.js";

const NOW = new Date("2026-07-01T19:00:00Z");
const RESET = "2026-07-02T00:00:00+00:00";
const of = (used, limit, tokens = { used: 0, limit: null }) => ({ messages: { used, limit }, tokens, resets_at: RESET });
const caption = (quota, now = NOW) => describe(quota, now).caption;

test("nothing is said below 80 %, and never without a limit", () => {
  assert.equal(caption(of(39, 50)), "");
  assert.equal(caption(of(1e6, null, { used: 1e6, limit: null })), "");
  assert.equal(caption(undefined), "");
});

test("from 80 % the rest is told", () => {
  assert.equal(caption(of(40, 50)), "10 of 50 messages left today");
  assert.equal(caption(of(49, 50)), "1 of 50 messages left today");
  assert.equal(caption(of(1, null, { used: 9000, limit: 10000 })), "1,000 of 10,000 tokens left today");
  assert.equal(describe(of(49, 50), NOW).blocked, null);
});

test("what runs out first is told", () => {
  assert.equal(scarcest(of(45, 50, { used: 99, limit: 100 })).things, "tokens");
  assert.equal(scarcest(of(50, 50, { used: 85, limit: 100 })).things, "messages");
});

test("when it is spent: what happens when, on the viewer's clock", () => {
  const { caption: text, blocked } = describe(of(50, 50), NOW, { locale: "en", timeZone: "Europe/Athens" });
  assert.match(text, /^Today’s 50 messages are used up\. You can go on tomorrow at 3:00\sAM \(in 5 hours\)\.$/);
  assert.equal(blocked, `${text} What you have written is kept.`);
  assert.ok(describe(of(51, 50), NOW).blocked);
  assert.ok(describe(of(0, 0), NOW).blocked);
});

test("the viewer's day may end later than the allowance's", () => {
  assert.match(when(RESET, NOW, { locale: "en", timeZone: "America/New_York" }), /^today at 8:00\sPM$/);
  assert.match(when(RESET, NOW, { locale: "en", timeZone: "UTC" }), /^tomorrow at 12:00\sAM$/);
});

test("waits", () => {
  const at = (minutes) => wait(RESET, new Date(Date.parse(RESET) - minutes * 60000));
  assert.deepEqual([600, 90, 89, 27, 19, 1, 0].map(at), ["in 10 hours", "in 2 hours", "in 90 minutes", "in 30 minutes", "in 19 minutes", "in 1 minute", "in 1 minute"]);
});

test("after the day's end nothing blocks, whatever the last numbers were", () => {
  assert.deepEqual(describe(of(50, 50), new Date("2026-07-02T00:00:01Z")), { caption: "", blocked: null });
});

class Node {
  hidden = true;
  textContent = "";
  classes = new Set();
  classList = { toggle: (name, on) => (on ? this.classes.add(name) : this.classes.delete(name)) };
}

test("the page is told of each change once, and the server is asked when the day ends", async (context) => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOW });
  context.after(() => mock.timers.reset());
  const asked = context.mock.method(globalThis, "fetch", async () => new Response(JSON.stringify({ ...of(0, 50), resets_at: "2026-07-03T00:00:00Z" })));
  const heard = [];
  const node = new Node();
  const quota = new Quota(node, of(40, 50), (reason) => heard.push(reason));
  assert.deepEqual([node.hidden, heard.length], [false, 0]);
  quota.show(of(50, 50));
  quota.show(of(50, 50));
  assert.equal(heard.length, 1);
  assert.ok(node.classes.has("spent"));
  mock.timers.tick(61 * 60 * 1000);
  assert.match(heard.at(-1), /in 4 hours/);
  mock.timers.tick(4 * 3600 * 1000);
  assert.equal(heard.at(-1), null);
  assert.equal(node.hidden, true);
  assert.equal(asked.mock.callCount(), 1);
});

test("a refusal for a spent day is told by the clock, others as they came", async (context) => {
  context.mock.method(globalThis, "fetch", async () => new Response(JSON.stringify({ ...of(50, 50), resets_at: new Date(Date.now() + 3600000).toISOString() })));
  const quota = new Quota(new Node(), of(1, 50), () => {});
  const spent = await quota.explain({ code: "quota_exceeded", text: "server's words", retryAfter: 40000 });
  assert.match(spent.text, /used up\. You can go on/);
  assert.equal(spent.seconds, 0);
  clearTimeout(quota.timer);
  assert.deepEqual(await quota.explain({ code: "busy", text: "Busy.", retryAfter: 2 }), { text: "Busy.", seconds: 2 });
});
