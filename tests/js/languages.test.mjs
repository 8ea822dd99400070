// The page in other languages: plural forms, places, what has no translation, numbers and times, texts that the server tells.
// A module reads its words once, when it is loaded: each language is a process of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const modules = new URL("../../static/js/", import.meta.url);

/** What an expression gives on a page in this language: `words`, `format` and `server` are modules of it. */
function said(language, words, expression) {
  const program = `
    globalThis.echoWords = ${JSON.stringify(words)};
    globalThis.document = { documentElement: { lang: ${JSON.stringify(language)}, dir: ${JSON.stringify(language === "ar" ? "rtl" : "ltr")} } };
    const [words, format, server] = await Promise.all(["words", "format", "server_words"].map((name) => import(\`${modules}\${name}.js\`)));
    const { t, n, p } = words;
    console.log(JSON.stringify(${expression}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout);
}

const counts = (numbers) => `${JSON.stringify(numbers)}.map((count) => n(count, "{count} chat", "{count} chats"))`;

test("Arabic has six forms, in gettext's order", () => {
  const forms = ["zero", "one", "two", "few {count}", "many {count}", "other {count}"];
  assert.deepEqual(said("ar", { "{count} chat": forms }, counts([0, 1, 2, 3, 10, 11, 99, 100, 103])), ["zero", "one", "two", "few 3", "few 10", "many 11", "many 99", "other 100", "few 103"]);
});

test("French says nothing and one alike, and has one form for millions too", () => {
  assert.deepEqual(said("fr", { "{count} chat": ["{count} fil", "{count} fils"] }, counts([0, 1, 2, 1_000_000])), ["0 fil", "1 fil", "2 fils", "1\u202f000\u202f000 fils"]);
});

test("German has two forms, Chinese one", () => {
  assert.deepEqual(said("de", { "{count} chat": ["{count} Unterhaltung", "{count} Unterhaltungen"] }, counts([0, 1, 12480])), ["0 Unterhaltungen", "1 Unterhaltung", "12.480 Unterhaltungen"]);
  assert.deepEqual(said("zh", { "{count} chat": ["{count} 个对话"] }, counts([0, 1, 12480])), ["0 个对话", "1 个对话", "12,480 个对话"]);
});

test("one word for several things is said by its meaning, and its context is never shown", () => {
  const both = 'p("second factor", "Code") + " " + t("Code")';
  assert.equal(said("zh", { Code: "代码", "second factor\u0004Code": "验证码" }, both), "验证码 代码");
  assert.equal(said("zh", { Code: "代码" }, both), "Code 代码");
});

test("what has no translation is said in English, with English plurals", () => {
  assert.deepEqual(said("ar", {}, counts([0, 1, 2])), ["0 chats", "1 chat", "2 chats"]);
  assert.equal(said("ar", {}, 't("Rename {title}", { title: "x" })'), "Rename x");
});

test("places stand where the language puts them; what a value brings is no place", () => {
  const words = { "With {title}": "{title} damit", "{text} in {time}": "in {time}: {text}" };
  assert.equal(said("de", words, 't("With {title}", { title: "{time}" })'), "{time} damit");
  assert.equal(said("de", words, 't("{text} in {time}", { text: "Los", time: "3 s" })'), "in 3 s: Los");
  assert.equal(said("de", words, 't("With {title}")'), "{title} damit"); // for who puts a node there
});

test("numbers and times are written the reader's way, in the digits that the server writes", () => {
  assert.equal(said("ar", {}, "format.count(12480)"), "12,480");
  assert.equal(said("de", {}, "format.seconds(4)"), "4,0 s");
  assert.equal(said("fr", {}, "format.labelOf('2026-03-02T12:00:00Z', new Date('2026-11-21T12:00:00Z'))"), "mars 2026");
  assert.equal(said("es", {}, "format.labelOf('2026-03-02T12:00:00Z', new Date('2026-11-21T12:00:00Z'))"), "marzo de 2026");
  assert.match(said("ar", {}, "format.fullTime('2026-03-02T12:00:00Z')"), /2026/);
  assert.match(said("de", { "on {date}": "am {date}" }, "format.ago(new Date('2026-03-02T12:00:00Z'), new Date('2026-11-21T12:00:00Z'))"), /^am 2\. März 2026$/);
});

test("a place in the queue has an ordinal's ending in English alone", () => {
  assert.equal(said("en", {}, "format.queuePlace(3)"), "3rd in line");
  assert.equal(said("de", { "{place} in line": "Platz {place} in der Reihe" }, "format.queuePlace(3)"), "Platz 3 in der Reihe");
});

test("which way lines run", () => assert.deepEqual([said("ar", {}, "words.forward"), said("de", {}, "words.forward")], [-1, 1]));

test("what the server tells everybody in English is said in the reader's language", () => {
  const words = { "The engine was stopped.": "Gestoppt.", "The message has {tokens} tokens; at most {most} fit.": "Höchstens {most} statt {tokens}." };
  assert.equal(said("de", words, 'server.said("The engine was stopped.")'), "Gestoppt.");
  assert.equal(said("de", words, 'server.said("The message has 12,480 tokens; at most 2,048 fit.")'), "Höchstens 2.048 statt 12.480.");
  assert.equal(said("de", words, 'server.said("Something else.")'), "Something else.");
  assert.equal(said("en", {}, 'server.said("The message has 12,480 tokens; at most 2,048 fit.")'), "The message has 12,480 tokens; at most 2,048 fit.");
});
