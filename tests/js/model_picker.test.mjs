import assert from "node:assert/strict";
import { test } from "node:test";

import { ModelPicker } from "../../static/js/model_picker.js";

const MODELS = [
  { name: "small", title: "Small", parameters: 494_000_000, base: null, state: "ready", progress: null, doing: "", defaults: { temperature: 0.7 } },
  { name: "large", title: "Large", parameters: 1_544_000_000, base: null, state: "loading", progress: 0.42, doing: "converting", defaults: { temperature: 0.2 } },
  { name: "tuned", title: "tuned", parameters: null, base: "small", state: "failed", progress: null, doing: "", defaults: {} },
];

function picker(models = MODELS, conversation = { id: null, draftSettings: {} }) {
  const name = { textContent: "" };
  const button = { dataset: {}, title: "", addEventListener() {}, querySelector: () => name };
  const made = new ModelPicker({ button, models, usual: "small", conversation: () => conversation, choose() {} });
  made.draw();
  return { made, button, name };
}

test("the usual model is shown until the conversation chooses another", () => {
  const conversation = { id: null, draftSettings: {} };
  const { made, name, button } = picker(MODELS, conversation);
  assert.equal(name.textContent, "Small");
  assert.equal(button.title, "494 million weights");
  conversation.draftSettings.model = "large";
  made.draw();
  assert.equal(name.textContent, "Large");
  assert.equal(button.dataset.model, "loading");
  assert.equal(button.title, "1.5 billion weights · loading 42 %");
});

test("a stored conversation keeps its model, also one that is gone", () => {
  const { made, name, button } = picker(MODELS, { id: "c", info: { settings: { model: "gone-one" } } });
  assert.equal(name.textContent, "gone-one");
  assert.match(button.title, /choose another/);
  assert.deepEqual(made.chosen().defaults, { temperature: 0.7 });
});

test("an answer that waits for its model says how far it is", () => {
  const { made } = picker();
  assert.equal(made.loading("large"), "Converting Large… 42 %");
  assert.equal(made.loading("small"), "");
  made.update(MODELS.map((model) => ({ ...model, state: "ready" })));
  assert.equal(made.loading("large"), "");
});

test("a usual model that is changed meanwhile is shown at once, and where only some may use it the first of the others", () => {
  const { made, name } = picker();
  made.update(MODELS.map((model) => ({ ...model, is_default: model.name === "large" })));
  assert.equal(name.textContent, "Large");
  made.update(MODELS.map((model) => ({ ...model, is_default: false })));
  assert.equal(name.textContent, "Small");
});

test("a page that is older than its server shows the present model; a chat keeps the one it has chosen", () => {
  const newer = [{ ...MODELS[0], name: "newer", title: "Newer", is_default: true }];
  for (const [model, shown] of [[undefined, "Newer"], ["large", "large"]]) {
    const { made, name } = picker(MODELS, { id: "c", info: { settings: { model } } });
    made.update(newer);
    assert.equal(name.textContent, shown);
  }
});

test("others are those that can answer instead", () => {
  const { made } = picker();
  assert.deepEqual(made.others("small").map((model) => model.name), ["large"]);
  assert.equal(made.others("large")[0].hint, "494 million weights");
  assert.equal(made.several, true);
  assert.equal(picker([MODELS[0]]).made.several, false);
});

test("an adapter says whose weights it changes", () => {
  const { button } = picker(MODELS, { id: null, draftSettings: { model: "tuned" } });
  assert.equal(button.title, "tuned from small · cannot be used now");
});

test("a model that is computed elsewhere says that words leave this machine", () => {
  const [small, ...others] = MODELS;
  const { button } = picker([{ ...small, parameters: null, elsewhere: true }, ...others], { id: null, draftSettings: { model: "small" } });
  assert.equal(button.title, "on another server");
});
