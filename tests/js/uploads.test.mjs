// Documents go up one after another; what is refused for now goes again when the server says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { attach } from "../../static/js/uploads.js";

globalThis.document = { querySelector: () => null };
const CREATED = (request) => [201, { id: `id of ${request.name}`, status: "waiting" }];
const refusal = (status, seconds) => () => [status, { status: "error", message: "No." }, seconds];
const turn = () => new Promise((resolve) => { setImmediate(resolve); });

/** A server that answers each upload in a later turn, with what stands in `answers` and then with success. */
function serve(...answers) {
  const told = { asked: [], busiest: 0, aborted: [] };
  let busy = 0;
  globalThis.XMLHttpRequest = class {
    upload = {};
    open() {}
    setRequestHeader() {}
    getResponseHeader() { return this.seconds ?? null; }
    abort() { told.aborted.push(this.name); this.onabort(); }
    send(body) {
      this.name = body.get("file").name;
      told.asked.push(this.name);
      told.busiest = Math.max(told.busiest, busy += 1);
      setImmediate(() => {
        busy -= 1;
        const [status, answer, seconds] = (answers.shift() ?? CREATED)(this);
        Object.assign(this, { status, responseText: JSON.stringify(answer), seconds });
        this.onload();
      });
    }
  };
  return told;
}

function later() {
  const [pauses, wait] = [[], globalThis.setTimeout];
  globalThis.setTimeout = (act, ms) => { pauses.push(ms); queueMicrotask(act); };
  return { pauses, back: () => { globalThis.setTimeout = wait; } };
}

const chip = (name) => ({ name, ended: new AbortController() });
const send = (one, chat = { id: "c" }) => attach(new File(["x"], one.name), one, chat, () => {});

test("one after another, in their order", async () => {
  const told = serve();
  const answers = await Promise.all(["a", "b", "c"].map((name) => send(chip(name))));
  assert.deepEqual(answers.map(({ id }) => id), ["id of a", "id of b", "id of c"]);
  assert.deepEqual([told.asked, told.busiest], [["a", "b", "c"], 1]);
});

test("what is refused for now waits as long as the server says, before those that follow", async () => {
  const told = serve(refusal(429, 10), refusal(429));
  const { pauses, back } = later();
  await Promise.all(["a", "b"].map((name) => send(chip(name)))).finally(back);
  assert.deepEqual([told.asked, pauses], [["a", "a", "a", "b"], [10_000, 1000]]);
});

test("what is refused for good is told, and holds up nobody", async () => {
  serve(refusal(409));
  const [first, second] = await Promise.allSettled(["a", "b"].map((name) => send(chip(name))));
  assert.deepEqual([first.reason.message, second.value.id], ["No.", "id of b"]);
});

test("what is taken out while it waits is never sent", async () => {
  const told = serve();
  const [one, other] = [chip("a"), chip("b")];
  const both = Promise.allSettled([send(one), send(other)]);
  other.ended.abort();
  assert.deepEqual((await both).map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.deepEqual(told.asked, ["a"]);
});

test("what is taken out on its way is broken off", async () => {
  const told = serve();
  const one = chip("a");
  const sent = assert.rejects(send(one));
  await turn().then(() => one.ended.abort());
  await sent;
  assert.deepEqual(told.aborted, ["a"]);
});

test("one whose chat has begun meanwhile is put into it, and is sent up once", async () => {
  const chat = { id: null };
  const told = serve((request) => { chat.id = "c"; return CREATED(request); });
  const posts = [];
  globalThis.fetch = async (url) => { posts.push(url); return new Response("{}", posts.length === 1 ? { status: 429, headers: { "Retry-After": "1" } } : {}); };
  const { back } = later();
  await send(chip("a"), chat).finally(back);
  assert.deepEqual([told.asked, posts], [["a"], Array(2).fill("/api/conversations/c/documents")]);
});
