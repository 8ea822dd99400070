// The key that ends a composition does nothing else, in any field of any page.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { composing, guardComposition } from "../../static/js/composition.js";

function press(facts) {
  const page = new EventTarget();
  const heard = [];
  guardComposition(page);
  page.addEventListener("keydown", (event) => heard.push(event.key));
  const event = Object.assign(new Event("keydown", { cancelable: true }), { key: "Enter", isComposing: false, keyCode: 13, ...facts });
  if (facts.tag) Object.defineProperty(event, "target", { value: { tagName: facts.tag } });
  page.dispatchEvent(event);
  return { heard, prevented: event.defaultPrevented };
}

test("an Enter that ends a composition is heard by nobody", () => {
  for (const facts of [{ isComposing: true }, { keyCode: 229 }, { isComposing: true, keyCode: 229 }]) assert.deepEqual(press(facts).heard, [], JSON.stringify(facts));
});

test("it sends no form, and breaks the line where lines are", () => {
  assert.equal(press({ keyCode: 229, tag: "INPUT" }).prevented, true);
  assert.equal(press({ keyCode: 229, tag: "TEXTAREA" }).prevented, false);
});

test("any other key of a composition is its own too", () => {
  for (const key of ["Escape", "ArrowDown", "ArrowUp", "Tab", "Process"]) assert.deepEqual(press({ key, keyCode: 229 }).heard, [], key);
});

test("every other key is heard", () => {
  assert.deepEqual(press({}), { heard: ["Enter"], prevented: false });
  assert.deepEqual(press({ tag: "INPUT" }), { heard: ["Enter"], prevented: false });
  assert.equal(composing({ key: "Escape", isComposing: false, keyCode: 27 }), false);
});

const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("both kinds of page have the guard, before any other script of theirs listens", () => {
  assert.match(file("static/js/every_page.js"), /^export function everyPage\(\) {\n  guardComposition\(\);$/m);
  for (const part of ["page", "chat_page"]) assert.match(file(`static/js/${part}.js`), /^ *everyPage\(\);$/m, part);
  assert.match(file("templates/base.html"), /block scripts %}<script type="module" src="{{ asset\('js\/page\.js'\)/);
  for (const folder of ["", "admin/"]) {
    for (const name of readdirSync(new URL(`../../templates/${folder}`, import.meta.url)).filter((each) => each.endsWith(".html") && each !== "chat.html")) {
      const block = /{% block scripts %}([\s\S]*?){% endblock %}/.exec(file(`templates/${folder}${name}`));
      if (block && name !== "base.html") assert.match(block[1], /super\(\)|page\.js/, name);
    }
  }
});

test("nobody listens for keys before the guard does", () => {
  for (const name of readdirSync(new URL("../../static/js/", import.meta.url)).filter((each) => each !== "composition.js")) {
    assert.doesNotMatch(file(`static/js/${name}`), /addEventListener\("key(?:down|up|press)"[\s\S]{0,400}?(?:capture: true|}, true\))/, name);
    assert.doesNotMatch(file(`static/js/${name}`), /"key(?:up|press)"/, name);
  }
});
