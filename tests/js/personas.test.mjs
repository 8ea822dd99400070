// Whom a chat begins with: what it is set to, what is sent, and what the menu of the model offers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Conversation } from "../../static/js/conversation.js";
import { ModelPicker } from "../../static/js/model_picker.js";
import { beginsWith } from "../../static/js/persona_choice.js";
import { TemporaryConversation } from "../../static/js/temporary.js";

const MODELS = [{ name: "small", title: "Small", defaults: {} }, { name: "large", title: "Large", defaults: {} }];
const FOX = { id: "fox", name: "Fox", settings: { temperature: 0.5 }, system_prompt: "You are a fox.", model: "large" };
const begun = { ...FOX, begins: beginsWith(FOX, MODELS) };

class Server {
  connected = true;
  asked = [];
  async request(name, payload) {
    this.asked.push([name, payload]);
    return name === "send_message"
      ? { conversation_id: "c", message: { id: "q", role: "user", text: payload.text, status: "complete", siblings: [] }, reply: { id: "r", parent_id: "q", role: "assistant", text: "", status: "queued", siblings: [] } }
      : { message_id: "r", conversation: { id: "c", persona: { id: "fox", name: "Fox" } }, messages: [], live: [] };
  }
}
const heard = { change() {}, adopted() {}, changed() {} };

test("a chat is set to what its persona says, without a model that is not here", () => {
  assert.deepEqual(begun.begins, { temperature: 0.5, system_prompt: "You are a fox.", model: "large" });
  assert.deepEqual(beginsWith({ ...FOX, model: "gone", system_prompt: "" }, MODELS), { temperature: 0.5 });
  assert.deepEqual(beginsWith({ ...FOX, settings: {}, model: null }, MODELS), { system_prompt: "You are a fox." });
});

test("the first question names the persona, and only what was set besides", async () => {
  const server = new Server();
  const chat = new Conversation(server, null, heard);
  chat.draftPersona = begun;
  chat.draftSettings.top_k = 3;
  assert.equal(chat.persona.name, "Fox");
  await chat.send("Hi");
  const [, payload] = server.asked[0];
  assert.equal(payload.persona_id, "fox");
  assert.deepEqual(payload.settings, { top_k: 3 });
  await chat.send("Again");
  assert.equal(server.asked.findLast(([name]) => name === "send_message")[1].persona_id, undefined);
});

test("until the server tells, and then as it tells, a chat has its persona", async () => {
  const server = new Server();
  const chat = new Conversation(server, null, heard);
  chat.draftPersona = begun;
  const sending = chat.send("Hi");
  assert.equal(chat.persona.name, "Fox");
  await sending;
  assert.equal(chat.persona.name, "Fox");
  chat.info = { persona: null };
  assert.equal(chat.persona, null);
  assert.equal(new Conversation(server, "other", heard).persona, null);
});

test("a temporary chat takes the persona's settings along, below its own", async () => {
  const server = new Server();
  const chat = new TemporaryConversation(server, { change() {} }, { temperature: 0 });
  chat.draftPersona = begun;
  await chat.send("Hi");
  assert.deepEqual(server.asked[0][1].settings, { temperature: 0, system_prompt: "You are a fox.", model: "large" });
});

test("the model is the persona's until another is chosen", () => {
  const conversation = { id: null, draftSettings: {}, draftPersona: begun };
  const name = { textContent: "" };
  const button = { dataset: {}, title: "", addEventListener() {}, querySelector: () => name };
  const picker = new ModelPicker({ button, models: MODELS, usual: "small", conversation: () => conversation, choose() {} });
  picker.draw();
  assert.equal(name.textContent, "Large");
  conversation.draftSettings.model = "small";
  picker.draw();
  assert.equal(name.textContent, "Small");
});
