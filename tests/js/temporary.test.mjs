// A temporary chat takes along what was said, keeps it in this window alone, and loses nothing but itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitting, TemporaryConversation } from "../../static/js/temporary.js";

class Server {
  constructor() {
    this.connected = true;
    this.asked = [];
    this.number = 0;
  }
  async request(name, payload) {
    if (!this.connected) throw Object.assign(new Error("You are offline."), { code: "offline" });
    if (this.refusal) throw this.refusal;
    this.asked.push([name, payload]);
    this.number += 1;
    return { message_id: `m${this.number}`, model: payload.settings?.model ?? "usual" };
  }
  last() {
    return this.asked.at(-1)[1];
  }
}

const opened = (server, settings) => new TemporaryConversation(server, { change() {} }, settings);
const said = ({ messages }) => messages.map(({ role, text }) => `${role}: ${text}`);
const shown = ({ store }) => store.path().map(({ role, text, status }) => [role, text, status]);

function answers(chat, text, { status = "complete", seq = 1 } = {}) {
  const { id } = chat.store.live();
  if (text) chat.handle("receive_message", { message_id: id, seq, text });
  chat.handle("message_finished", { message_id: id, status, finish_reason: "stop", seq: text ? seq : 0 });
  return id;
}

test("each question takes along what was said before it, with the settings of the chat", async () => {
  const server = new Server();
  const chat = opened(server, { temperature: 0 });
  await chat.send("One?");
  answers(chat, "First.");
  await chat.send("Two?");
  assert.equal(server.asked[0][0], "ask_temporary");
  assert.deepEqual(said(server.asked[0][1]), ["user: One?"]);
  assert.deepEqual(said(server.last()), ["user: One?", "assistant: First.", "user: Two?"]);
  assert.deepEqual(server.last().settings, { temperature: 0 });
  answers(chat, "Second.");
  assert.deepEqual(shown(chat).map(([, text]) => text), ["One?", "First.", "Two?", "Second."]);
  assert.equal(chat.id, null);
});

test("pieces and an end that are faster than the acknowledgement are kept", async () => {
  const server = new Server();
  const chat = opened(server);
  server.request = async () => {
    chat.handle("receive_message", { message_id: "early", seq: 1, text: "Soon." });
    chat.handle("message_finished", { message_id: "early", status: "complete", seq: 1 });
    return { message_id: "early", model: "usual" };
  };
  await chat.send("Now?");
  assert.deepEqual(shown(chat).at(-1), ["assistant", "Soon.", "complete"]);
});

test("another answer takes the place of the last one; an older one stays", async () => {
  const server = new Server();
  const chat = opened(server);
  await chat.send("One?");
  const first = answers(chat, "First.");
  await chat.send("Two?");
  const second = answers(chat, "Second.");
  await chat.regenerate(first);
  assert.equal(server.asked.length, 2);
  await chat.regenerate(second, "another");
  assert.deepEqual(said(server.last()), ["user: One?", "assistant: First.", "user: Two?"]);
  assert.equal(server.last().settings.model, "another");
  answers(chat, "Better.");
  assert.deepEqual(shown(chat).map(([, text]) => text), ["One?", "First.", "Two?", "Better."]);
  assert.deepEqual(chat.draftSettings, {});
});

test("what was stopped before its first word is not taken along", async () => {
  const server = new Server();
  const chat = opened(server);
  await chat.send("Stop this?");
  const id = chat.store.live().id;
  await chat.stop(id);
  assert.deepEqual(server.asked.at(-1), ["stop_temporary", { message_id: id }]);
  answers(chat, "", { status: "stopped" });
  await chat.send("Next?");
  assert.deepEqual(said(server.last()), ["user: Next?"]);
});

test("a connection that is lost ends the answer; what is asked meanwhile goes once it is back", async () => {
  const server = new Server();
  const chat = opened(server);
  await chat.send("Long?");
  chat.handle("receive_message", { message_id: chat.store.live().id, seq: 1, text: "It beg" });
  server.connected = false;
  chat.lost();
  assert.deepEqual(shown(chat).at(-1), ["assistant", "It beg", "interrupted"]);
  assert.match(chat.store.path().at(-1).error.text, /connection was lost/);
  await chat.send("Still there?");
  server.connected = true;
  await chat.open();
  assert.deepEqual(said(server.last()), ["user: Long?", "assistant: It beg", "user: Still there?"]);
  answers(chat, "Yes.");
  await chat.open();
  assert.equal(server.asked.length, 2);
});

test("what the server refuses can be tried again", async () => {
  const server = new Server();
  const chat = opened(server);
  server.refusal = Object.assign(new Error("Busy."), { code: "busy" });
  await chat.send("Please?");
  const [row] = chat.store.pending;
  assert.equal(row.status, "refused");
  server.refusal = null;
  await chat.retry(row.client_id);
  answers(chat, "Done.");
  assert.deepEqual(shown(chat).map(([, text]) => text), ["Please?", "Done."]);
});

test("who leaves stops what is being written, and only that", async () => {
  const server = new Server();
  const chat = opened(server);
  assert.ok(chat.isEmpty);
  await chat.send("One?");
  const { id } = chat.store.live();
  await chat.close();
  assert.deepEqual(server.asked.at(-1), ["stop_temporary", { message_id: id }]);
  answers(chat, "Fir", { status: "stopped" });
  await chat.close();
  assert.equal(server.asked.length, 2);
});

test("the oldest is left out where an event could not hold it, from a question on", () => {
  const talk = Array.from({ length: 8 }, (_, index) => ({ role: index % 2 ? "assistant" : "user", text: `${index}`.repeat(100) }));
  talk.push({ role: "user", text: "é".repeat(50) });
  assert.deepEqual(fitting(talk), talk);
  const some = fitting(talk, 600);
  assert.deepEqual(some, talk.slice(6));
  assert.ok(new TextEncoder().encode(JSON.stringify(some)).length <= 600);
  assert.deepEqual(fitting(talk, 100_000, 4), talk.slice(6));
  assert.deepEqual(fitting(talk, 10), talk.slice(8));
});
