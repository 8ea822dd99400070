// Documents that are being read are asked for all at once, less often the longer it takes, as often as the server allows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Watch } from "../../static/js/attachments.js";

globalThis.document = { querySelector: () => null };

const answer = (value, status = 200, headers = {}) => new Response(JSON.stringify(value), { status, headers });
const listed = (...rows) => answer({ data: rows.map(([id, status]) => ({ id, status })), next: null });

/** Lets time pass at once, and gives these answers one after the other; returns what was asked, and the pauses before. */
async function watched(conversation, answers) {
  const [asked, pauses, settled] = [[], [], []];
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = (act, ms) => { pauses.push(ms); queueMicrotask(act); };
  globalThis.fetch = async (url) => { asked.push(url); return answers.shift()(); };
  const watch = new Watch((chat, one, isThere) => settled.push([chat, one.id, isThere]));
  try {
    for (const one of conversation.documents) watch.add(conversation, one);
    await watch.looking;
  } finally {
    globalThis.setTimeout = wait;
  }
  assert.equal(answers.length, 0);
  return { asked, pauses, settled };
}

const chat = (...ids) => ({ documents: ids.map((id) => ({ id, status: "waiting" })) });

test("one request for all of them, and a growing pause", async () => {
  const slow = Array.from({ length: 10 }, () => () => listed(["a", "reading"], ["b", "waiting"]));
  const conversation = chat("a", "b");
  const { asked, pauses, settled } = await watched(conversation, [...slow, () => listed(["a", "ready"], ["b", "waiting"]), () => listed(["a", "ready"], ["b", "failed"])]);
  assert.deepEqual(asked, Array(12).fill("/api/documents"));
  assert.ok(pauses.every((ms, at) => at === 0 || ms > pauses[at - 1] || ms === 5000), pauses);
  assert.deepEqual([pauses[0], pauses.at(-1)], [700, 5000]);
  assert.deepEqual(settled, [[conversation, "a", true], [conversation, "b", true]]);
  assert.deepEqual(conversation.documents.map(({ status }) => status), ["ready", "failed"]);
});

test("a refusal is minded, a lost connection waited for", async () => {
  const refused = () => answer({ status: "error", message: "Too many." }, 429, { "Retry-After": "30" });
  const { pauses } = await watched(chat("a"), [refused, () => { throw new TypeError("offline"); }, () => listed(["a", "ready"])]);
  assert.deepEqual(pauses, [700, 30_000, 5000]);
});

test("who is signed out asks no more", async () => {
  const { asked, settled } = await watched(chat("a"), [() => answer({ status: "error" }, 401)]);
  assert.deepEqual([asked.length, settled], [1, []]);
});

test("one that is deleted is gone, one that is older than the list is asked for itself", async () => {
  const conversation = chat("gone", "old");
  const { asked, settled } = await watched(conversation, [() => listed(), () => answer({ status: "error" }, 404), () => answer({ id: "old", status: "ready" })]);
  assert.deepEqual(asked, ["/api/documents", "/api/documents/gone", "/api/documents/old"]);
  assert.deepEqual(settled, [[conversation, "gone", false], [conversation, "old", true]]);
});

test("one that was taken out meanwhile is not waited for", async () => {
  const conversation = chat("a");
  const { asked } = await watched(conversation, [() => { conversation.documents.length = 0; return listed(["a", "reading"]); }]);
  assert.equal(asked.length, 1);
});
