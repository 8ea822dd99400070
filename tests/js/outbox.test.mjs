// Questions that wait for a connection: kept until the server has them, made once whatever breaks and however many tabs send,
// taken back while the server cannot have them. The server here makes one message of a client_id, as the real one does.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const tabs = [];
class Storage {
  constructor() { this.map = new Map(); }
  get length() { return this.map.size; }
  key(index) { return [...this.map.keys()][index]; }
  getItem(key) { return this.map.get(key) ?? null; }
  setItem(key, value) { if (this.full) throw new Error("full"); this.map.set(key, value); this.tell(key, value); }
  removeItem(key) { if (this.map.delete(key)) this.tell(key, null); }
  /** The browser tells other tabs; those that hear of what they did themselves lose nothing by it here. */
  tell(key, newValue) { for (const heard of tabs) heard({ key, newValue }); }
}
const toasts = [];
globalThis.addEventListener = (name, act) => { if (name === "storage") tabs.push(act); };
globalThis.document = { visibilityState: "visible", querySelector: () => null, getElementById: () => ({ parentElement: null, append: (node) => toasts.push(node.words) }), body: { append() {} }, addEventListener() {}, createElement: node, createElementNS: node };
function node() { return { words: "", classList: { add() {} }, setAttribute() {}, addEventListener() {}, remove() {}, append(...children) { this.words += children.map((child) => child.words ?? child).join(" "); } }; }
const { Conversation } = await import("../../static/js/conversation.js");
const { Outbox } = await import("../../static/js/outbox.js");
const { Waiting } = await import("../../static/js/waiting.js");
const { Drafts, forgetDrafts } = await import("../../static/js/drafts.js");

const settled = async () => { for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };
const fail = (code, more = {}) => Object.assign(new Error(code), { code, text: `${code}.`, ...more });

class Server {
  constructor() { this.made = new Map(); this.refusals = []; }
  take({ client_id, text, conversation_id: into, ...more }) {
    if (this.refusals.length) throw this.refusals.shift();
    if (!this.made.has(client_id)) {
      const chat = into ?? `chat${this.made.size}`;
      const message = { id: `m${this.made.size}`, conversation_id: chat, parent_id: more.parent_id ?? null, role: "user", text, status: "complete", client_id, siblings: [] };
      this.made.set(client_id, { conversation_id: chat, message, reply: { id: `r${this.made.size}`, parent_id: message.id, role: "assistant", text: "Yes", status: "complete", siblings: [], seq: 1 }, more });
    }
    return this.made.get(client_id);
  }
  branch(chat) { return [...this.made.values()].filter((each) => each.conversation_id === chat).flatMap(({ message, reply }, index, all) => [{ ...message, parent_id: index ? all[index - 1].reply.id : null }, reply]); }
}

/** breaks: what becomes of the next requests: "before" the server hears of it, or "after". */
class Socket {
  constructor(server, connected = false) { Object.assign(this, { server, connected, breaks: [] }); }
  async request(name, payload) {
    if (!this.connected) throw fail("offline");
    if (name !== "send_message") return { conversation: { id: payload.conversation_id }, messages: this.server.branch(payload.conversation_id), live: [], more: false };
    const broken = this.breaks.shift();
    if (broken === "before") { this.connected = false; throw fail("offline"); }
    const answer = this.server.take(payload);
    await settled();
    if (broken === "after") { this.connected = false; throw fail("offline"); }
    if (broken === "silent") throw fail("timeout");
    return answer;
  }
}

let storage;
let server;
const on = { change() {}, adopted() {}, changed() {} };
function tab({ id = null, connected = false } = {}) {
  const socket = new Socket(server, connected);
  const outbox = new Outbox(7, storage);
  const window = { socket, outbox, chat: new Conversation(socket, id, on, outbox) };
  const waiting = new Waiting({ outbox, socket, current: () => window.chat, giveBack: (id, text) => new Drafts(7, storage).save(id, text) });
  window.connect = async () => { socket.connected = true; await window.chat.open(); await waiting.send(); await settled(); };
  return Object.assign(window, { waiting });
}
const waits = (window) => window.chat.store.pending.map(({ text, waiting }) => [text, waiting]);
const texts = () => [...server.made.values()].map(({ message }) => message.text);

beforeEach(() => { tabs.splice(0); toasts.splice(0); storage = new Storage(); server = new Server(); });

test("what is asked without a connection waits, also after a reload, and is asked once", async () => {
  const first = tab({ id: "c" });
  await first.chat.send("Why?");
  assert.deepEqual(waits(first), [["Why?", "free"]]);
  assert.deepEqual(first.chat.store.path().map(({ role }) => role), ["user"], "no answer is promised yet");
  const reloaded = tab({ id: "c" });
  assert.deepEqual(waits(reloaded), [["Why?", "free"]]);
  await reloaded.connect();
  await first.connect();
  assert.deepEqual([texts(), new Outbox(7, storage).all(), waits(reloaded), waits(first)], [["Why?"], [], [], []]);
  assert.deepEqual(first.chat.store.path().map(({ text }) => text), ["Why?", "Yes"]);
});

for (const broken of ["before", "after"]) {
  test(`the connection breaks in the middle, ${broken} the server has it: asked once, whatever is reloaded`, async () => {
    const one = tab({ id: "c", connected: true });
    await one.chat.open();
    one.socket.breaks = [broken];
    await one.chat.send("Why?");
    assert.deepEqual(waits(one), [["Why?", "tried"]]);
    assert.equal(one.chat.takeBack(one.chat.store.pending[0].client_id), false, "the server may have it");
    const reloaded = tab({ id: "c" });
    assert.deepEqual(waits(reloaded), [["Why?", "tried"]]);
    await Promise.all([reloaded.connect(), one.connect()]);
    assert.deepEqual([texts(), waits(one), waits(reloaded), new Outbox(7, storage).all()], [["Why?"], [], [], []]);
  });
}

test("a server that did not answer is asked again as the same, from a new page too", async () => {
  const one = tab({ id: "c", connected: true });
  await one.chat.open();
  one.socket.breaks = ["silent"];
  await one.chat.send("Why?");
  assert.equal(one.chat.store.pending[0].status, "refused");
  assert.equal(one.chat.store.pending[0].kept, true, "so it is no draft");
  await tab({ id: "c" }).connect();
  assert.deepEqual(texts(), ["Why?"]);
});

test("two tabs that are open send one question once", async () => {
  const [one, other] = [tab({ id: "c" }), tab({ id: "c" })];
  await one.chat.send("Why?");
  assert.deepEqual(waits(other), [["Why?", "free"]], "it shows in both");
  await Promise.all([one.connect(), other.connect()]);
  assert.deepEqual([texts(), waits(one), waits(other)], [["Why?"], [], []]);
});

test("taken back in one tab, it is sent by none", async () => {
  const [one, other] = [tab({ id: "c" }), tab({ id: "c" })];
  await one.chat.send("Why?");
  assert.equal(one.chat.takeBack(one.chat.store.pending[0].client_id), true);
  assert.deepEqual([waits(one), waits(other)], [[], []]);
  await Promise.all([one.connect(), other.connect()]);
  assert.deepEqual(texts(), []);
});

test("a tab that shows another chat sends it into its own", async () => {
  const one = tab({ id: "c" });
  await one.chat.send("Why?");
  await one.chat.send("And?");
  await tab({ id: "other" }).connect();
  assert.deepEqual([texts(), [...server.made.values()].map((each) => each.conversation_id)], [["Why?", "And?"], ["c", "c"]]);
});

test("a new chat begins with one question and what was chosen for it, also after a reload", async () => {
  const one = tab();
  Object.assign(one.chat, { draftSettings: { temperature: 0.5 }, draftFolder: { id: "f" }, documents: [{ id: "d" }] });
  await one.chat.send("Why?");
  assert.equal(one.chat.store.isAsking, true);
  const reloaded = tab();
  await reloaded.connect();
  const [made] = server.made.values();
  assert.deepEqual(made.more, { settings: { temperature: 0.5 }, folder_id: "f", documents: ["d"] });
  assert.deepEqual([reloaded.chat.id, reloaded.chat.store.isAsking], [made.conversation_id, false]);
});

test("what is asked while a new chat's first question is on its way is asked in the same chat, below it", async () => {
  const one = tab({ connected: true });
  await Promise.all([one.chat.send("Why?"), one.chat.send("And?")]);
  await settled();
  assert.deepEqual([...server.made.values()].map((each) => [each.message.text, each.conversation_id]), [["Why?", "chat0"], ["And?", "chat0"]]);
  assert.deepEqual(one.chat.store.path().map(({ text }) => text), ["Why?", "Yes", "And?", "Yes"]);
});

test("it is asked though the new chat could not be opened at that moment", async () => {
  const one = tab({ connected: true });
  const first = one.socket.request.bind(one.socket);
  one.socket.request = async (name, payload) => { if (name === "open_conversation") throw fail("timeout"); return first(name, payload); };
  await Promise.all([one.chat.send("Why?"), one.chat.send("And?")]);
  await settled();
  assert.deepEqual([...server.made.values()].map((each) => [each.message.text, each.conversation_id]), [["Why?", "chat0"], ["And?", "chat0"]]);
});

for (const more of [[], ["Then?"]]) {
  test(`a question that had begun a chat unheard, and is tried again in another, stays in its own (${more.length} in between)`, async () => {
    const one = tab({ connected: true });
    one.socket.breaks = ["silent"];
    await Promise.all(["Why?", "And?", ...more].map((text) => one.chat.send(text)));
    for (const _ of [0, 1]) await settled();
    const seen = one.chat.store.path().filter(({ status }) => status !== "refused").map(({ text }) => text);
    await one.chat.retry(one.chat.store.pending[0].client_id);
    await settled();
    assert.deepEqual([...server.made.values()].map(({ message, conversation_id: chat }) => [message.text, chat]), [["Why?", "chat0"], ["And?", "chat1"], ...more.map((text) => [text, "chat1"])]);
    assert.deepEqual(seen, ["And?", "Yes", ...more.flatMap((text) => [text, "Yes"])]);
    assert.deepEqual([one.chat.id, one.chat.store.path().map(({ text }) => text), waits(one), one.outbox.all()], ["chat1", seen, [], []]);
  });
}

test("one that the server had not taken is tried again in the chat in view", async () => {
  const one = tab({ connected: true });
  server.refusals = [fail("timeout")];
  await Promise.all([one.chat.send("Why?"), one.chat.send("And?")]);
  await settled();
  await one.chat.retry(one.chat.store.pending[0].client_id);
  assert.deepEqual([...server.made.values()].map(({ message, conversation_id: chat }) => [message.text, chat]), [["And?", "chat0"], ["Why?", "chat0"]]);
  assert.deepEqual(one.chat.store.path().map(({ text }) => text), ["And?", "Yes", "Why?", "Yes"]);
});

test("what began a chat unheard is shown in it where nothing else was asked", async () => {
  const one = tab({ connected: true });
  one.socket.breaks = ["silent"];
  await one.chat.send("Why?");
  await one.chat.retry(one.chat.store.pending[0].client_id);
  assert.deepEqual([one.chat.id, one.chat.store.path().map(({ text }) => text)], ["chat0", ["Why?", "Yes"]]);
});

test("where the first question of a new chat is refused the next one begins it", async () => {
  const one = tab({ connected: true });
  server.refusals = [fail("too_long")];
  await Promise.all([one.chat.send("Why?"), one.chat.send("And?")]);
  await settled();
  assert.deepEqual([texts(), one.chat.store.pending.map(({ text, status }) => [text, status])], [["And?"], [["Why?", "refused"]]]);
});

test("what is refused for good becomes a draft of its chat; what may be taken later goes on waiting", async (t) => {
  const one = tab({ id: "c" });
  await one.chat.send("Why?");
  const other = tab({ id: "other" });
  server.refusals = [fail("too_long")];
  await other.connect();
  assert.deepEqual([new Drafts(7, storage).load("c"), other.outbox.all(), texts()], ["Why?", [], []]);
  assert.match(toasts.at(-1), /“Why\?” could not be sent: too_long\. It is kept as a draft of its chat\./);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await tab({ id: "d" }).chat.send("And?");
  server.refusals = [fail("rate_limited", { retryAfter: 5 })];
  await other.connect();
  assert.deepEqual([texts(), other.outbox.all().length], [[], 1]);
  t.mock.timers.tick(5001);
  await settled();
  assert.deepEqual([texts(), other.outbox.all()], [["And?"], []]);
});

test("where nothing can be kept it waits as long as its page", async () => {
  storage.full = true;
  const one = tab({ id: "c" });
  await one.chat.send("Why?");
  assert.deepEqual([one.chat.store.pending[0].kept, waits(one)], [false, [["Why?", "free"]]]);
  await one.connect();
  assert.deepEqual(texts(), ["Why?"]);
});

test("one person's questions are nobody else's, and signing out takes them away", async () => {
  await tab({ id: "c" }).chat.send("Why?");
  assert.deepEqual(new Outbox(77, storage).all(), []);
  forgetDrafts("77", storage);
  assert.equal(new Outbox(7, storage).all().length, 1);
  forgetDrafts("7", storage);
  assert.deepEqual(new Outbox(7, storage).all(), []);
  storage.setItem("echo.waiting.7.x", "no JSON");
  assert.deepEqual(new Outbox(7, storage).all(), []);
});
