// Whatever is cut, doubled, reordered or lost on the way, the store ends with the server's text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageStore, isCutShort } from "../../static/js/message_store.js";

function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

const question = { id: "q1", conversation_id: "c", parent_id: null, role: "user", text: "Hi", status: "complete", siblings: ["q1"], client_id: "k1" };
const reply = (more = {}) => ({ id: "r1", conversation_id: "c", parent_id: "q1", role: "assistant", text: "", status: "queued", siblings: ["r1"], seq: 0, ...more });

class Server {
  constructor(words) {
    this.pieces = [];
    this.words = words;
    this.status = "queued";
  }
  speak() {
    this.pieces.push(this.words[this.pieces.length]);
    this.status = "streaming";
    return { message_id: "r1", seq: this.pieces.length, text: this.pieces.at(-1) };
  }
  get text() { return this.pieces.join(""); }
  get seq() { return this.pieces.length; }
  end(status = "complete") {
    this.status = status;
    return { message_id: "r1", status, finish_reason: "stop", seq: this.seq, tokens: { prompt: 1, cached: 0, completion: this.seq }, timing: { total_ms: 5 } };
  }
  resume(after) { return { seq: this.seq, text: this.pieces.slice(after).join(""), status: this.status }; }
  row() { return reply({ text: this.text, status: this.status, seq: this.seq }); }
  open(flushed = this.seq) {
    const live = this.status === "queued" || this.status === "streaming";
    const row = live ? reply({ text: this.pieces.slice(0, flushed).join(""), status: this.status, seq: flushed }) : this.row();
    return { messages: [question, row], live: live ? [{ message_id: "r1", seq: this.seq, text: this.text, status: this.status }] : [], more: false };
  }
}

function catchUp(store, server) {
  for (let turn = 0; turn < 4; turn += 1) {
    const after = store.get("r1").seq;
    if (store.resumed("r1", after, server.resume(after)) === "done") return;
  }
  assert.fail("resume does not settle");
}

test("pieces in order make the text; the end brings the figures", () => {
  const store = new MessageStore();
  const server = new Server(["Hel", "lo ", "you"]);
  store.start({ message: question, reply: reply() });
  for (let index = 0; index < 3; index += 1) assert.equal(store.piece(server.speak()), "applied");
  assert.equal(store.finish(server.end()), "applied");
  assert.equal(store.get("r1").text, "Hello you");
  assert.equal(store.get("r1").status, "complete");
  assert.equal(store.get("r1").tokens.completion, 3);
  assert.equal(store.live(), null);
});

test("a lost piece is noticed and resumed", () => {
  const store = new MessageStore();
  const server = new Server(["a", "b", "c"]);
  store.start({ message: question, reply: reply() });
  store.piece(server.speak());
  server.speak();
  assert.equal(store.piece(server.speak()), "gap");
  assert.equal(store.get("r1").text, "a");
  catchUp(store, server);
  assert.equal(store.get("r1").text, "abc");
});

test("an end that overtakes pieces waits for them", () => {
  const store = new MessageStore();
  const server = new Server(["a", "b"]);
  store.start({ message: question, reply: reply() });
  const pieces = [server.speak(), server.speak()];
  assert.equal(store.finish(server.end()), "gap");
  assert.notEqual(store.live(), null);
  store.piece(pieces[0]);
  store.piece(pieces[1]);
  assert.equal(store.get("r1").status, "complete");
  assert.equal(store.get("r1").text, "ab");
});

test("words that came after another process had ended the answer go again", () => {
  const store = new MessageStore();
  const server = new Server(["a", "b", "c"]);
  store.start({ message: question, reply: reply() });
  store.piece(server.speak());
  store.piece(server.speak());
  const end = server.end("interrupted");
  assert.equal(store.finish(end), "applied");
  store.piece({ message_id: "r1", seq: 3, text: "c" }); // of the process that stood still, and takes the answer for its own
  assert.notEqual(store.live(), null);
  assert.equal(store.finish(end), "gap"); // it has learned what became of it
  assert.equal(store.resumed("r1", 3, { seq: 2, text: "ab", status: "interrupted", reset: true }), "done");
  assert.equal(store.get("r1").text, "ab");
  assert.equal(store.get("r1").status, "interrupted");
  assert.equal(store.live(), null);
});

test("events that come before their message are kept for it", () => {
  const store = new MessageStore();
  const server = new Server(["a", "b"]);
  store.queued({ message_id: "r1", position: 3, eta_seconds: 9 });
  assert.equal(store.piece(server.speak()), "unknown");
  store.piece(server.speak());
  store.finish(server.end());
  store.start({ message: question, reply: reply() });
  assert.equal(store.get("r1").text, "ab");
  assert.equal(store.get("r1").status, "complete");
});

test("an acknowledgement after the end changes nothing", () => {
  const store = new MessageStore();
  const server = new Server(["a"]);
  store.start({ message: question, reply: reply() });
  store.piece(server.speak());
  store.finish(server.end());
  store.start({ message: question, reply: reply() });
  assert.equal(store.get("r1").text, "a");
  assert.equal(store.live(), null);
});

test("an acknowledgement after the first pieces does not let them in twice", () => {
  const store = new MessageStore();
  const server = new Server(["a", "b", "c"]);
  store.start({ message: question, reply: reply() });
  const pieces = [server.speak(), server.speak()];
  for (const piece of pieces) store.piece(piece);
  store.start({ message: question, reply: reply() });
  for (const piece of pieces) assert.equal(store.piece(piece), "duplicate");
  store.piece(server.speak());
  assert.equal(store.get("r1").text, "abc");
});

test("the optimistic question keeps its place and key when the server answers", () => {
  const store = new MessageStore();
  const pending = store.addPending("k1", "Hi");
  assert.deepEqual(store.path().map((row) => row.role), ["user", "assistant"]);
  store.start({ message: question, reply: reply() });
  store.start({ message: question, reply: reply() });
  assert.deepEqual(store.path().map((row) => row.key), [pending.key, pending.reply.key]);
  assert.deepEqual(store.path().map((row) => row.id), ["q1", "r1"]);
});

test("a refused question stays with its reason and goes when tried again", () => {
  const store = new MessageStore();
  store.addPending("k1", "Hi");
  store.refuse("k1", { code: "busy", text: "Busy" });
  assert.deepEqual(store.path().map((row) => row.status), ["refused"]);
  store.retry("k1");
  store.reconcile({ messages: [question, reply()], live: [] });
  assert.deepEqual(store.path().map((row) => row.id), ["q1", "r1"]);
});

test("regenerating makes a sibling in view and tells the old one", () => {
  const store = new MessageStore();
  store.reconcile({ messages: [question, reply({ status: "complete", text: "one" })] });
  store.start({ message: null, reply: reply({ id: "r2", siblings: ["r1", "r2"] }) });
  assert.deepEqual(store.path().map((row) => row.id), ["q1", "r2"]);
  assert.deepEqual(store.get("r1").siblings, ["r1", "r2"]);
});

test("of very many versions each row that is known has the true numbers", () => {
  const store = new MessageStore();
  const ids = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => `r${from + at}`);
  store.reconcile({ messages: [question, reply({ id: "r50", siblings: ids(1, 50), status: "complete" })] });
  store.start({ message: null, reply: reply({ id: "r51", siblings: ids(2, 51), versions: { first: 2, count: 51 } }) });
  assert.deepEqual(store.get("r50").versions, { first: 2, count: 51 });
  assert.equal(store.get("r50").siblings.indexOf("r50") + 2, 50);
});

test("a stopped answer goes on where it was", () => {
  const store = new MessageStore();
  const server = new Server(["a", "b", "c"]);
  store.start({ message: question, reply: reply() });
  store.piece(server.speak());
  store.finish(server.end("stopped"));
  store.revive(reply({ status: "queued", text: "a" }));
  assert.notEqual(store.live(), null);
  store.piece(server.speak());
  store.piece(server.speak());
  store.finish(server.end());
  assert.equal(store.get("r1").text, "abc");
  assert.equal(store.get("r1").status, "complete");
});

test("an answer that was cut by its length goes on too, here and where another tab asked for it", () => {
  for (const announced of [true, false]) {
    const store = new MessageStore();
    const server = new Server(["a", "b", "c"]);
    store.start({ message: question, reply: reply() });
    store.piece(server.speak());
    store.finish({ ...server.end(), finish_reason: "length" });
    if (announced) store.revive(reply({ status: "queued", text: "a" }));
    if (announced) assert.equal(store.get("r1").finish_reason, null);
    store.piece(server.speak());
    store.piece(server.speak());
    store.finish(server.end());
    assert.equal(store.get("r1").text, "abc");
    assert.equal(store.get("r1").finish_reason, "stop");
  }
});

test("an answer that is done takes no more pieces", () => {
  assert.deepEqual([{ status: "complete", finish_reason: "stop" }, { status: "streaming" }, { status: "queued" }].map(isCutShort), [false, false, false]);
  assert.deepEqual(["stopped", "interrupted", "failed"].map((status) => isCutShort({ status })), [true, true, true]);
  const store = new MessageStore();
  const server = new Server(["a", "b"]);
  store.start({ message: question, reply: reply() });
  store.piece(server.speak());
  store.finish(server.end());
  store.piece(server.speak());
  assert.equal(store.get("r1").text, "a");
});

test("reset replaces the whole text", () => {
  const store = new MessageStore();
  store.start({ message: question, reply: reply() });
  store.piece({ message_id: "r1", seq: 1, text: "old" });
  assert.equal(store.resumed("r1", 1, { seq: 9, text: "new", status: "interrupted", reset: true }), "done");
  assert.equal(store.get("r1").text, "new");
  assert.equal(store.get("r1").status, "interrupted");
});

test("older pages go before what is read", () => {
  const store = new MessageStore();
  store.reconcile({ messages: [{ ...question, id: "q2", parent_id: "r1" }], more: true });
  store.reconcile({ messages: [question, reply({ text: "x", status: "complete" })], more: false }, { older: true });
  assert.deepEqual(store.path().map((row) => row.id), ["q1", "r1", "q2"]);
  assert.equal(store.more, false);
});

for (let seed = 1; seed <= 400; seed += 1) {
  test(`random cuts, doubles and reorderings converge (seed ${seed})`, () => {
    const chance = random(seed * 7919);
    const words = Array.from({ length: 5 + Math.floor(chance() * 40) }, (_, index) => `w${index} `);
    const server = new Server(words);
    let store = new MessageStore();
    const held = [];
    const deliver = (event) => {
      const result = event.status ? store.finish(event) : store.piece(event);
      if (result === "gap" && chance() < 0.5) catchUp(store, server);
      if (store.get("r1")) assert.ok(server.text.startsWith(store.get("r1").text), "never text the server did not write");
    };
    if (chance() < 0.9) store.start({ message: question, reply: reply() });
    const send = (event) => {
      const luck = chance();
      if (luck < 0.15) return; // lost
      if (luck < 0.3) held.push(event); // late
      else deliver(event);
      if (luck > 0.9) deliver(event); // twice
      if (held.length && chance() < 0.4) deliver(held.splice(Math.floor(chance() * held.length), 1)[0]);
      if (chance() < 0.05) store.reconcile(server.open(Math.floor(chance() * (server.seq + 1)))); // reconnect
      if (chance() < 0.05) store.start({ message: question, reply: reply() }); // a late acknowledgement
      if (chance() < 0.03) { store = new MessageStore(); store.reconcile(server.open(0)); } // reload
    };
    while (server.seq < words.length) send(server.speak());
    const stale = server.open();
    const end = server.end(["complete", "stopped", "interrupted", "failed"][seed % 4]);
    send(end);
    for (const event of held) deliver(event);
    if (chance() < 0.3) store.reconcile(stale); // a picture taken before the end
    store.reconcile(server.open());
    for (const event of held) deliver(event);
    assert.equal(store.get("r1").text, server.text);
    assert.equal(store.get("r1").status, server.status);
    assert.equal(store.live(), null);
    assert.deepEqual(store.path().map((row) => row.id), ["q1", "r1"]);
  });
}

test("an edited text replaces what is here, with its mark; put back, the mark goes", () => {
  const store = new MessageStore();
  const ended = reply({ text: "said by the model", status: "complete", seq: 3 });
  store.reconcile({ messages: [question, ended] });
  store.changed({ ...ended, text: "said", edited_at: "2026-01-01T00:00:00Z", original_text: "said by the model" });
  assert.deepEqual([store.get("r1").text, store.get("r1").original_text], ["said", "said by the model"]);
  store.changed(ended);
  assert.deepEqual([store.get("r1").text, store.get("r1").edited_at, store.get("r1").original_text], ["said by the model", null, null]);
  store.changed({ ...ended, id: "of another chat" });
  assert.equal(store.get("of another chat"), undefined);
});

test("an answer that was cut by an edit and goes on ends with the server's text", () => {
  const store = new MessageStore();
  store.reconcile({ messages: [question, reply({ text: "one two three", status: "stopped", seq: 3 })] });
  // missed: the edit to "one two", and that it goes on; back, the whole picture is taken
  const live = { message_id: "r1", seq: 4, text: "one two 4", status: "streaming" };
  store.reconcile({ messages: [question, reply({ text: "one two", status: "streaming", seq: 3, edited_at: "2026-01-01T00:00:00Z" })], live: [live] });
  assert.equal(store.piece({ message_id: "r1", seq: 5, text: " 5" }), "applied");
  assert.equal(store.get("r1").text, "one two 4 5");
});

test("an answer that goes on while a later question stands below keeps what follows in view, however it is told", () => {
  const later = [{ ...question, id: "q2", parent_id: "r1", client_id: "k2" }, reply({ id: "r2", parent_id: "q2" })];
  for (const told of [["revive", "start"], ["start", "revive"], ["start"], ["revive"]]) {
    const store = new MessageStore();
    store.reconcile({ messages: [question, reply({ text: "a", seq: 1, status: "stopped" })] });
    store.start({ message: later[0], reply: later[1] });
    for (const how of told) {
      if (how === "revive") store.revive(reply({ status: "queued", text: "a", seq: 1 }));
      else store.start({ reply: reply({ status: "queued", text: "a", seq: 1 }) });
    }
    assert.deepEqual(store.path().map(({ id }) => id), ["q1", "r1", "q2", "r2"], told.join());
  }
});

test("an answer to a question in view takes the place of another answer to it", () => {
  const store = new MessageStore();
  store.reconcile({ messages: [question, reply({ text: "a", seq: 1, status: "complete" })] });
  store.start({ reply: reply({ id: "r1b" }) });
  assert.deepEqual(store.path().map(({ id }) => id), ["q1", "r1b"]);
});

test("steps come while an answer is written, and at its end at the latest", () => {
  const changed = [];
  const store = new MessageStore((key) => changed.push(key));
  const steps = [{ tool: "calculator", input: "1 + 1", result: "2" }];
  const sources = [{ number: 1 }];
  store.given({ message_id: "r1", steps });
  store.reconcile({ messages: [question, reply({ status: "streaming" })] });
  assert.equal(store.get("r1").steps, undefined);
  changed.length = 0;
  store.given({ message_id: "r1", steps, sources });
  assert.deepEqual([store.get("r1").steps, store.get("r1").sources, changed], [steps, sources, ["r1"]]);
  const more = [...steps, ...steps];
  store.finish({ message_id: "r1", status: "complete", seq: 0, steps: more });
  assert.deepEqual([store.get("r1").steps, store.get("r1").sources], [more, sources]);
  store.given({ message_id: "r1", steps: [] });
  assert.deepEqual(store.get("r1").steps, more);
});
