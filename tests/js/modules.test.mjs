// The import map of the pages names every module there is, and none besides.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const partial = readFileSync(new URL("templates/partials/modules.html", root), "utf8");
const named = (list) => [...new RegExp(`set ${list} = \\[([^\\]]*)\\]`).exec(partial)[1].matchAll(/"([^"]+)"/g)].map((found) => found[1]).sort();

test("each module of static/js is in the map", () => {
  const files = readdirSync(new URL("static/js/", root)).filter((name) => name.endsWith(".js")).map((name) => name.slice(0, -3));
  assert.deepEqual(named("modules"), files.sort());
});

test("each import names a module that is mapped", () => {
  const known = new Set([...named("modules").map((name) => `./${name}.js`), ...named("vendor").map((name) => `../vendor/${name}.js`)]);
  for (const name of named("modules")) {
    const text = readFileSync(new URL(`static/js/${name}.js`, root), "utf8");
    for (const [, path] of text.matchAll(/(?:from |import |import\()"([^"]+)"/g)) assert.ok(known.has(path), `${name}: ${path}`);
  }
});

const source = (name) => readFileSync(new URL(`static/js/${name}.js`, root), "utf8");
const all = named("modules").map((name) => [name, source(name)]);
const times = (word, text) => text.match(new RegExp(`\\b${word}\\b`, "g"))?.length ?? 0;

test("what is imported is used", () => {
  for (const [name, text] of all) {
    for (const [, words] of text.matchAll(/^import \{([^}]*)\} from/gm)) for (const word of words.match(/\w+(?=\s*(?:,|$))/g)) assert.ok(times(word, text) > 1, `${name} does not use ${word}`);
  }
});

test("what is exported is taken by another module or tried by a test", () => {
  const tests = readdirSync(new URL("tests/js/", root)).map((file) => readFileSync(new URL(`tests/js/${file}`, root), "utf8"));
  const texts = [...all.map(([, text]) => text), ...tests];
  for (const [name, text] of all) {
    const takers = texts.filter((other) => other.includes(`/${name}.js`));
    for (const [, word] of text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)) assert.ok(takers.some((other) => times(word, other)), `${name}: nobody takes ${word}`);
  }
});

test("the chat fetches at once what it imports, and nothing else", () => {
  const reached = new Set();
  const reach = (name) => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const [, other] of source(name).matchAll(/^(?:import|export) .*"\.\/(\w+)\.js";/gm)) reach(other);
  };
  reach("chat_page");
  assert.deepEqual(named("modules").filter((name) => !named("lazy").includes(name)), [...reached].sort());
});

test("no colour outside tokens.css, no inline style or handler in templates", () => {
  for (const name of readdirSync(new URL("static/css/", root)).filter((file) => !["tokens.css", "admin.css"].includes(file))) {
    const text = readFileSync(new URL(`static/css/${name}`, root), "utf8").replace(/url\([^)]*\)/g, "");
    assert.doesNotMatch(text, /#[0-9a-f]{3,8}\b(?=[^{]*;)|rgba?\(|hsla?\(/i, name);
  }
  for (const name of readdirSync(new URL("templates/", root), { recursive: true }).filter((file) => file.endsWith(".html") && !file.startsWith("admin") && !file.startsWith("mail"))) {
    const text = readFileSync(new URL(`templates/${name}`, root), "utf8");
    assert.doesNotMatch(text, /\sstyle=|\son[a-z]+="|javascript:/i, name);
  }
});

test("every module can be read: no name is declared twice", () => {
  for (const name of named("modules")) {
    const input = readFileSync(new URL(`static/js/${name}.js`, root));
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--check"], { input });
    assert.equal(status, 0, `${name}: ${stderr}`);
  }
});
