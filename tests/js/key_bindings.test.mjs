// Keys that do something: found by what is pressed, chosen anew, refused where they are needed, and never two acts on one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bindings, combinationOf } from "../../static/js/key_bindings.js";

const TABLE = [
  { act: "search", keys: "Ctrl+K", label: "Search chats" },
  { act: "code", keys: "Ctrl+Shift+;", label: "Copy code" },
  { act: "help", keys: "Ctrl+/", label: "Keys" },
  { act: "stop", keys: "Escape", label: "Stop" },
  { act: "focus", keys: "Shift+Escape", label: "Focus" },
];
const press = (keys, more = {}) => {
  const parts = keys.split("+");
  return { key: parts.at(-1), ctrlKey: parts.includes("Ctrl"), shiftKey: parts.includes("Shift"), altKey: parts.includes("Alt"), ...more };
};
class Storage {
  constructor(text = null) { this.text = text; }
  getItem() { return this.text; }
  setItem(_key, text) { this.text = text; }
  removeItem() { this.text = null; }
}
const fresh = (storage = new Storage()) => new Bindings(TABLE, storage);

test("what is pressed is named alike on every keyboard", () => {
  assert.equal(combinationOf(press("Ctrl+k")), "Ctrl+K");
  assert.equal(combinationOf({ key: "k", metaKey: true }), "Ctrl+K");
  assert.equal(combinationOf(press("Ctrl+Shift+:")), "Ctrl+Shift+;");
  assert.equal(combinationOf(press("Ctrl+Shift+?")), "Ctrl+Shift+/");
  assert.equal(combinationOf(press("Alt+˚", { code: "KeyK" })), "Alt+K");
  assert.equal(combinationOf(press("Ctrl+Control")), null);
  assert.equal(combinationOf(press("Ctrl+Alt+@", { getModifierState: () => true })), null);
});

test("the table's keys are found, exactly", () => {
  const bindings = fresh();
  for (const { act, keys } of TABLE) assert.equal(bindings.find(press(keys)), act);
  assert.equal(bindings.find(press("Ctrl+Shift+K")), null);
  assert.equal(bindings.find(press("k")), null);
  assert.equal(bindings.find(press("Ctrl+Shift+/")), "help"); // where the sign needs Shift
  assert.equal(bindings.find(press("Ctrl+Control")), null);
});

test("other keys are chosen, kept, and put back", () => {
  const storage = new Storage();
  const bindings = fresh(storage);
  assert.equal(bindings.choose("search", "Alt+S"), null);
  for (const each of [bindings, fresh(storage)]) {
    assert.equal(each.find(press("Alt+s", { code: "KeyS" })), "search");
    assert.equal(each.find(press("Ctrl+K")), null);
  }
  bindings.reset("search");
  assert.equal(bindings.find(press("Ctrl+K")), "search");
  assert.equal(storage.text, null);
  bindings.choose("search", "Alt+S");
  bindings.choose("search", "Ctrl+K"); // its own again is no choice
  assert.equal(bindings.isChanged("search"), false);
});

test("what is needed elsewhere is refused and changes nothing", () => {
  const bindings = fresh();
  for (const keys of ["Ctrl+R", "Ctrl+C", "Ctrl+Shift+T", "K", "Shift+K", "Ctrl+Enter", "Ctrl+/", "Escape", "Ctrl++"]) assert.ok(bindings.choose("search", keys), keys);
  assert.equal(bindings.isChanged("search"), false);
  for (const keys of ["F2", "Ctrl+Alt+K", "Ctrl+Shift+ArrowUp"]) assert.equal(bindings.choose("search", keys), null, keys);
});

test("going back takes the keys from whoever has them meanwhile", () => {
  const bindings = fresh();
  bindings.choose("search", "Alt+S");
  bindings.choose("help", "Ctrl+K");
  bindings.reset("search");
  assert.deepEqual([bindings.keysOf("search"), bindings.keysOf("help")], ["Ctrl+K", "Ctrl+/"]);
});

test("a broken or a strange store is as none", () => {
  for (const text of ["{", "[]", "null", '{"search": 5, "nothing": "Ctrl+B"}']) assert.equal(fresh(new Storage(text)).keysOf("search"), "Ctrl+K");
  assert.equal(new Bindings(TABLE, null).keysOf("search"), "Ctrl+K");
});
