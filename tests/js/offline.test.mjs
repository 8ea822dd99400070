// What the page stores to be read without a connection: the chats read last, for one person, until their session ends.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { CacheStorage } from "./cache_storage.mjs";

const setGlobal = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
const rows = [];
let cookies = [];
const pages = new Map();
setGlobal("location", { protocol: "https:", origin: "https://echo.test" });
let worker = {};
setGlobal("navigator", { serviceWorker: { getRegistration: async () => worker } });
setGlobal("document", { documentElement: { dataset: {} }, querySelectorAll: () => [], set cookie(text) { cookies.push(text); } });
setGlobal("fetch", async (path) => pages.get(path) ?? new Response("", { status: 404 }));
const { Conversation } = await import("../../static/js/conversation.js");
const session = { remembered: true, idle_seconds: 100, ends_at: new Date(Date.now() + 1e6).toISOString() };
const fresh = async () => {
  const key = `?v=${Math.random()}`;
  const offline = await import(`../../static/js/offline.js${key}`);
  const stored = await import("../../static/js/stored.js");
  return { ...offline, ...stored };
};
const message = (id, parent_id, role, more = {}) => ({ id, parent_id, role, text: `text ${id}`, status: "complete", siblings: [id], seq: 1, ...more });
const answerOf = (id, messages) => ({ conversation: { id, title: `Chat ${id}` }, documents: [{ id: "d", name: "paper" }], messages, live: [], more: true });

async function opened(id, messages = [message("q", null, "user"), message("a", "q", "assistant")]) {
  const socket = { connected: true, request: async (name) => { if (name !== "open_conversation") throw Object.assign(new Error(), { code: "offline" }); return answerOf(id, messages); } };
  const conversation = new Conversation(socket, id, { change() {}, adopted() {}, changed() {} });
  await conversation.open();
  return conversation;
}

beforeEach(() => { setGlobal("caches", new CacheStorage()); cookies = []; pages.clear(); rows.splice(0); });

test("a chat is read as it was stored, and is not taken for what the server says", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { Offline } = await fresh();
  const offline = new Offline({ account: 7, session });
  offline.keep(await opened("c"));
  t.mock.timers.tick(2000);
  await new Promise((resolve) => setImmediate(resolve));
  const again = new Conversation({ connected: false }, "c", { change() {}, adopted() {}, changed() {} });
  assert.equal(await offline.show(again), true);
  assert.deepEqual(again.store.path().map(({ id, text }) => [id, text]), [["q", "text q"], ["a", "text a"]]);
  assert.deepEqual([again.loaded, again.info.title, again.documents[0].name, again.store.more], [false, "Chat c", "paper", false]);
  assert.ok(Math.abs(Date.now() - new Date(again.storedAt)) < 10_000);
  assert.equal(await offline.show(new Conversation({}, "other", { change() {} })), false);
  assert.equal(await offline.show(await opened("c")), false, "what the server has told stays");
  again.socket = { connected: true, request: async () => answerOf("c", [message("q", null, "user"), message("b", "q", "assistant")]) };
  await again.open();
  assert.deepEqual([again.storedAt, again.store.path().at(-1).id], [null, "b"]);
});

test("what is still being written, on its way or refused is not stored", async () => {
  const { snapshotOf } = await fresh();
  const conversation = await opened("c", [message("q", null, "user"), message("a", "q", "assistant", { status: "streaming" })]);
  conversation.store.addPending("x", "on its way");
  const { messages, conversation: info } = snapshotOf(conversation);
  assert.deepEqual(messages.map(({ id }) => id), ["q"]);
  assert.deepEqual(Object.keys(messages[0]).filter((name) => ["ahead", "key", "done", "final"].includes(name)), []);
  assert.equal(info.live, false);
});

test("twenty are kept, and who is read again stays", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { Offline } = await fresh();
  const offline = new Offline({ account: 7, session });
  const read = async (id) => { offline.keep(await opened(id)); t.mock.timers.tick(2000); for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };
  for (let number = 0; number < 20; number += 1) await read(`c${number}`);
  await read("c0");
  await read("new");
  const [[name, kept]] = await caches.names();
  assert.equal(name, "echo-private-7");
  assert.equal(kept.length, 20);
  assert.deepEqual([kept.at(-1), kept.includes("/.stored/chats/c0"), kept.includes("/.stored/chats/c1")], ["/.stored/chats/new", true, false]);
});

test("a new chat, one that is not loaded and one that is never kept are not stored", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { Offline } = await fresh();
  const offline = new Offline({ account: 7, session });
  const passing = await opened("p");
  passing.temporary = true;
  for (const one of [passing, new Conversation({}, null, { change() {} }), new Conversation({}, "c", { change() {} })]) offline.keep(one);
  t.mock.timers.tick(5000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await caches.names(), []);
});

test("the page is stored for whom it is, with its policy, and chats that are gone go", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const wait = async () => { t.mock.timers.tick(2000); for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };
  const { Offline } = await fresh();
  for (const id of ["here", "gone"]) await (await caches.open("echo-private-7")).put(`/.stored/chats/${id}`, new Response("{}"));
  pages.set("/api/conversations/here", new Response("{}"));
  pages.set("/", new Response('<html lang="en"><meta name="account" content="8">', { headers: { "Content-Security-Policy": "default-src 'self'" } }));
  const offline = new Offline({ account: 7, session });
  offline.connected();
  await wait();
  assert.deepEqual((await caches.names())[0][1], ["/.stored/chats/here", "/.stored/chats/gone"], "somebody else's page is not this person's");
  pages.set("/", new Response('<html><meta name="account" content="7">'));
  worker = undefined;
  offline.connected();
  await wait();
  assert.equal((await caches.names())[0][1].length, 2, "without a worker nobody would show it");
  worker = {};
  pages.set("/", new Response('<html lang="en"><meta name="account" content="7">', { headers: { "Content-Security-Policy": "default-src 'self'" } }));
  offline.connected();
  await wait();
  assert.deepEqual((await caches.names())[0][1], ["/.stored/chats/here", "/.stored/page"]);
  const page = await (await caches.open("echo-private-7")).match("/.stored/page");
  assert.equal(page.headers.get("Content-Security-Policy"), "default-src 'self'");
  assert.match(await page.text(), /^<html data-stored="\d{4}-[^"]+" lang="en">/);
  assert.match(cookies[0], /^echo_here=7\.\d{10}; path=\/; samesite=lax; max-age=100; secure$/);
});

test("a session that was not to be remembered leaves a mark that goes with the browser", async () => {
  const { markHere } = await fresh();
  markHere(7, { ...session, remembered: false });
  assert.doesNotMatch(cookies[0], /max-age/);
});

test("the mark lives no longer than the session", async () => {
  const { markHere } = await fresh();
  markHere(7, { ...session, ends_at: new Date(Date.now() + 10_000).toISOString() });
  assert.match(cookies[0], /max-age=(9|10|11);/);
});

test("another person's things go, one's own stay; at the end of the session all go, and nothing is stored any more", async () => {
  const { forgetStored, placeOf, markHere } = await fresh();
  for (const name of ["echo-private-7", "echo-private-8", "echo-private-77", "echo-static-x"]) await caches.open(name);
  await forgetStored("7");
  assert.deepEqual(await caches.keys(), ["echo-private-7", "echo-static-x"]);
  await forgetStored();
  assert.deepEqual(await caches.keys(), ["echo-static-x"]);
  assert.match(cookies.at(-1), /^echo_here=; .*max-age=0$/);
  assert.equal(await placeOf(7), null);
  const count = cookies.length;
  markHere(7, session);
  assert.equal(cookies.length, count);
});
