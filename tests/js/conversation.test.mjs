// A window that hears of a reply whose place it has not loaded asks for the branch, and ends with the server's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../../static/js/conversation.js";

const message = (id, parent_id, role, text, more = {}) => ({ id, conversation_id: "c", parent_id, role, text, status: "complete", siblings: [id], seq: role === "assistant" ? 1 : 0, ...more });

/** Answers as the server does: rows of a tree, the leaf that is shown, replies in the making. */
class Server {
  constructor() {
    this.connected = true;
    this.rows = [message("q1", null, "user", "Hi"), message("a1", "q1", "assistant", "Hello"), message("q2", null, "user", "Other words"), message("a2", "q2", "assistant", "Hello too")];
    this.head = "a1";
    this.asked = [];
  }
  branch() {
    const rows = [];
    for (let row = this.rows.find(({ id }) => id === this.head); row; row = this.rows.find(({ id }) => id === row.parent_id)) rows.unshift({ ...row });
    return rows;
  }
  async request(name, payload) {
    this.asked.push(name);
    if (name === "resume") return { seq: 0, text: "", status: "streaming", ...this.live };
    assert.equal(name, "open_conversation");
    return { conversation: { id: payload.conversation_id }, messages: this.branch(), live: [], more: false };
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const shown = ({ store }) => store.path().map(({ id, text }) => [id, text]);

async function opened(server) {
  const window = new Conversation(server, "c", { change() {}, adopted() {}, changed() {} });
  await window.open();
  return window;
}

test("a reply under a question that is not loaded: the branch is fetched, its pieces are kept", async () => {
  const server = new Server();
  const window = await opened(server);
  const reply = message("a3", "q2", "assistant", "", { status: "queued", seq: 0, siblings: ["a2", "a3"] });
  server.rows.push(reply);
  server.head = "a3";
  window.handle("message_started", { conversation_id: "c", message: null, reply });
  window.handle("receive_message", { message_id: "a3", seq: 1, text: "Once" });
  await settled();
  window.handle("receive_message", { message_id: "a3", seq: 2, text: " more" });
  window.handle("message_finished", { message_id: "a3", status: "complete", seq: 2 });
  await settled();
  assert.deepEqual(shown(window), [["q2", "Other words"], ["a3", "Once more"]]);
  assert.equal(window.store.get("a3").status, "complete");
});

test("a question under an answer that is not loaded: the same", async () => {
  const server = new Server();
  const window = await opened(server);
  const asked = message("q3", "a2", "user", "And?");
  const reply = message("a4", "q3", "assistant", "", { status: "queued", seq: 0 });
  server.rows.push(asked, reply);
  server.head = "a4";
  window.handle("message_started", { conversation_id: "c", message: asked, reply });
  await settled();
  assert.deepEqual(shown(window).map(([id]) => id), ["q2", "a2", "q3", "a4"]);
});

test("whatever has its place is shown at once, without asking", async () => {
  const server = new Server();
  const window = await opened(server);
  const asked = message("q4", "a1", "user", "More");
  window.handle("message_started", { conversation_id: "c", message: asked, reply: message("a5", "q4", "assistant", "", { status: "queued", seq: 0 }) });
  const edited = message("q5", null, "user", "A first question anew", { siblings: ["q1", "q2", "q5"] });
  window.handle("message_started", { conversation_id: "c", message: edited, reply: message("a6", "q5", "assistant", "", { status: "queued", seq: 0 }) });
  await settled();
  assert.deepEqual(shown(window).map(([id]) => id), ["q5", "a6"]);
  assert.deepEqual(server.asked, ["open_conversation"]);
});

test("another tab lets an answer go on that its length had cut: this one sees it grow", async () => {
  const server = new Server();
  server.rows[1].finish_reason = "length";
  const window = await opened(server);
  window.handle("message_started", { conversation_id: "c", message: null, reply: message("a1", "q1", "assistant", "Hello", { status: "queued" }) });
  assert.equal(window.store.live()?.id, "a1");
  window.handle("receive_message", { message_id: "a1", seq: 2, text: " there" });
  window.handle("message_finished", { message_id: "a1", status: "complete", finish_reason: "stop", seq: 2 });
  await settled();
  assert.deepEqual(shown(window), [["q1", "Hi"], ["a1", "Hello there"]]);
});

// ---- a message that was searched for ----------------------------------------------------------------------------

/** A long chat that comes two messages at a time, with another branch beside its beginning. */
class LongServer extends Server {
  constructor() {
    super();
    this.rows = [];
    for (let turn = 0; turn < 5; turn += 1) {
      this.rows.push(message(`q${turn}`, turn ? `a${turn - 1}` : null, "user", `Question ${turn}`), message(`a${turn}`, `q${turn}`, "assistant", `Answer ${turn}`));
    }
    this.rows.push(message("other", null, "user", "Other words"), message("answer", "other", "assistant", "Hidden"));
    this.head = "a4";
  }
  async request(name, payload) {
    this.asked.push(name);
    if (name === "select_branch") {
      if (!this.rows.some(({ id }) => id === payload.message_id)) throw Object.assign(new Error("There is no such message."), { code: "not_found" });
      this.head = "answer";
      return {};
    }
    const branch = this.branch();
    const end = payload.before ? branch.findIndex(({ id }) => id === payload.before) : branch.length;
    return { conversation: { id: "c" }, messages: branch.slice(Math.max(0, end - 2), end), live: [], more: end > 2 };
  }
}

test("a message far up is loaded up to, and no further", async () => {
  const server = new LongServer();
  const window = await opened(server);
  assert.equal(await window.reach("a2"), true);
  assert.deepEqual(shown(window)[0], ["q2", "Question 2"]);
  assert.equal(server.asked.includes("select_branch"), false);
});

test("what comes on the way is drawn once", async () => {
  let drawn = 0;
  const window = new Conversation(new LongServer(), "c", { change() { drawn += 1; }, adopted() {}, changed() {} });
  await window.open();
  drawn = 0;
  await window.reach("q0");
  assert.equal(drawn, 1);
});

test("a page that is coming already is waited for, and no branch is chosen", async () => {
  const server = new LongServer();
  const window = await opened(server);
  const coming = window.older();
  assert.equal(await window.reach("a3"), true);
  await coming;
  assert.deepEqual(server.asked, ["open_conversation", "open_conversation"]);
});

test("a message in view asks for nothing", async () => {
  const server = new LongServer();
  const window = await opened(server);
  server.asked = [];
  assert.equal(await window.reach("a4"), true);
  assert.deepEqual(server.asked, []);
});

test("a message of another branch is shown by choosing that branch", async () => {
  const server = new LongServer();
  const window = await opened(server);
  assert.equal(await window.reach("other"), true);
  assert.deepEqual(shown(window).map(([id]) => id), ["other", "answer"]);
});

test("a message that is gone is refused as the server says", async () => {
  const window = await opened(new LongServer());
  await assert.rejects(window.reach("nowhere"), { code: "not_found" });
});

test("a reply that ended while the branch was read: what the rows still call live is asked for", async () => {
  const server = new Server();
  server.rows.push(message("q3", "a1", "user", "And?"), message("a3", "q3", "assistant", "", { status: "queued", seq: 0 }));
  server.head = "a3";
  server.live = { seq: 2, text: "It breaks off.", status: "failed" };
  const window = new Conversation(server, "c", { change() {}, adopted() {}, changed() {} });
  window.handle("receive_message", { message_id: "a3", seq: 2, text: " off." }); // the piece before it came too early for this window
  window.handle("message_finished", { message_id: "a3", status: "failed", seq: 2 });
  await window.open();
  await settled();
  assert.equal(window.store.get("a3").status, "failed");
  assert.equal(window.store.get("a3").text, "It breaks off.");
});

test("a picture that is older than a question that began meanwhile takes it from nobody's view", async () => {
  const server = new Server();
  const window = await opened(server);
  const answer = server.request.bind(server);
  let give;
  server.request = async (name, payload) => {
    if (name !== "open_conversation" || give) return answer(name, payload);
    const old = await answer(name, payload);
    return new Promise((resolve) => { give = () => resolve(old); });
  };
  const opening = window.open();
  await settled();
  const asked = message("q3", "a1", "user", "And?");
  const reply = message("a3", "q3", "assistant", "Yes");
  server.rows.push(asked, reply);
  server.head = "a3";
  window.handle("message_started", { conversation_id: "c", message: asked, reply: { ...reply, status: "queued", text: "", seq: 0 } });
  give();
  await opening;
  assert.deepEqual(shown(window).map(([id]) => id), ["q1", "a1", "q3", "a3"]);
  assert.deepEqual(server.asked, ["open_conversation", "open_conversation", "open_conversation"]);
});

test("a reply that ended while both the branch and its pieces were asked for: what came late and older is not the last word", async () => {
  const server = new Server();
  const window = await opened(server);
  const reply = message("a3", "q2", "assistant", "Once", { status: "streaming", seq: 1 });
  server.rows.push(message("q3", "a1", "user", "And?"), { ...reply, parent_id: "q3" });
  server.head = "a3";
  const late = [];
  const first = server.request.bind(server);
  server.request = async (name, payload) => { const answer = await first(name, payload); if (server.slow) await new Promise((resolve) => late.push(resolve)); return answer; };
  await window.open();
  await settled();
  server.slow = true;
  server.live = { seq: 1, text: "", status: "streaming" };
  const opening = window.open(); // its picture is taken now …
  window.handle("receive_message", { message_id: "a3", seq: 3, text: " all." }); // … and so are the pieces: one is missing
  await settled();
  server.slow = false;
  server.live = { seq: 3, text: "", status: "complete" };
  window.handle("receive_message", { message_id: "a3", seq: 2, text: " for" });
  window.handle("message_finished", { message_id: "a3", status: "complete", seq: 3 });
  assert.equal(window.store.get("a3").status, "complete");
  for (const answer of late) { answer(); await settled(); }
  await opening;
  await settled();
  assert.deepEqual([window.store.get("a3").status, window.store.get("a3").text], ["complete", "Once for all."]);
});

test("pieces that a busy server does not tell are asked for again", async (t) => {
  const server = new Server();
  server.rows.push(message("q3", "a1", "user", "And?"), message("a3", "q3", "assistant", "Once", { status: "streaming", seq: 1 }));
  server.head = "a3";
  const window = await opened(server);
  await settled();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const first = server.request.bind(server);
  server.request = async () => { throw Object.assign(new Error("busy"), { code: "timeout" }); };
  window.handle("message_finished", { message_id: "a3", status: "complete", seq: 2 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(window.store.get("a3").status, "streaming");
  server.request = first;
  server.live = { seq: 2, text: " more", status: "complete" };
  t.mock.timers.tick(3001);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([window.store.get("a3").status, window.store.get("a3").text], ["complete", "Once more"]);
});

test("a reply on another branch that ended while there was no connection has its end when it comes into view", async () => {
  const server = new Server();
  const window = await opened(server);
  const reply = message("a3", "q1", "assistant", "", { status: "streaming", seq: 0 });
  window.handle("message_started", { conversation_id: "c", message: null, reply });
  window.handle("receive_message", { message_id: "a3", seq: 1, text: "Once" });
  server.live = { seq: 2, text: " more", status: "complete" }; // nobody has told this window
  await window.open();
  await settled();
  assert.deepEqual(shown(window), [["q1", "Hi"], ["a1", "Hello"]]);
  window.handle("message_started", { conversation_id: "c", message: message("q4", "a3", "user", "And?"), reply: message("a4", "q4", "assistant", "", { status: "queued", seq: 0 }) });
  assert.deepEqual(shown(window).slice(0, 2), [["q1", "Hi"], ["a3", "Once more"]]);
  assert.equal(window.store.get("a3").status, "complete");
});

test("of two pictures the one that was asked for last is shown, whichever comes last", async () => {
  const server = new Server();
  const window = await opened(server);
  const late = [];
  const first = server.request.bind(server);
  server.request = async (name, payload) => { const answer = await first(name, payload); await new Promise((resolve) => late.push(resolve)); return answer; };
  const older = window.open();
  await settled();
  server.head = "a2";
  const newer = window.open();
  await settled();
  late[1]();
  await settled();
  late[0]();
  await Promise.all([older, newer]);
  assert.deepEqual(shown(window), [["q2", "Other words"], ["a2", "Hello too"]]);
});

test("a picture that is late is asked for again, unless a newer one was asked for or the connection is gone", async () => {
  const server = new Server();
  const window = await opened(server);
  const real = server.request.bind(server);
  const lost = ["timeout", "timeout"];
  server.request = (name, payload) => lost.length ? Promise.reject(Object.assign(new Error(), { code: lost.shift() })) : real(name, payload);
  server.rows.push(message("q3", "a1", "user", "And?"), message("a3", "q3", "assistant", "So"));
  server.head = "a3";
  await window.open();
  assert.deepEqual(shown(window).at(-1), ["a3", "So"]);
  lost.push("timeout", "offline");
  await assert.rejects(window.open(), { code: "offline" });
  lost.push("timeout");
  const older = window.open();
  await window.open();
  await assert.rejects(older, { code: "timeout" });
  assert.equal(lost.length, 0);
});
