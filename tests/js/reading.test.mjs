// Reading aloud: the order of sentences, waiting for more, the end, stopping; which voice says what.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SentenceQueue } from "../../static/js/sentence_queue.js";
import { browserSpeaks, languageOf, serverVoice, uriOf, voiceFor } from "../../static/js/voices.js";

function queue(state) {
  const heard = [];
  const ends = [];
  let done = null;
  const made = new SentenceQueue({ ready: () => state, say: (text, then) => { heard.push(text); done = then; }, over: (failure) => ends.push(failure) });
  return { made, heard, ends, done: (failure) => { const then = done; done = null; then(failure); } };
}

test("one after the other, waiting for what is still being written, and then its end", () => {
  const state = { sentences: ["One."], ended: false };
  const { made, heard, ends, done } = queue(state);
  made.go();
  state.sentences = ["One.", "Two.", "Three."];
  made.go(); // while the first is being said
  assert.deepEqual(heard, ["One."]);
  done();
  done();
  done();
  assert.deepEqual([heard, ends], [["One.", "Two.", "Three."], []]);
  state.sentences = [...state.sentences, "Four."];
  made.go();
  state.ended = true;
  made.go();
  assert.deepEqual([heard.at(-1), ends], ["Four.", []]);
  done();
  assert.deepEqual(ends, [undefined]);
});

test("what comes next is told while something is being said, each time it is asked for", () => {
  const state = { sentences: ["One.", "Two."], ended: false };
  const soon = [];
  let done = null;
  const made = new SentenceQueue({ ready: () => state, say: (text, then) => { done = then; }, soon: (text) => soon.push(text), over() {} });
  made.go();
  assert.deepEqual(soon, ["Two."]);
  done();
  assert.deepEqual(soon, ["Two."]);
  state.sentences = ["One.", "Two.", "Three."];
  made.go();
  assert.deepEqual(soon, ["Two.", "Three."]);
  made.stop();
  made.go();
  assert.deepEqual(soon, ["Two.", "Three."]);
});

test("stopped, nothing more is said, whatever the browser still tells", () => {
  const { made, heard, ends, done } = queue({ sentences: ["One.", "Two."], ended: true });
  made.go();
  made.stop();
  done();
  made.go();
  assert.deepEqual([heard, ends], [["One."], []]);
});

test("a voice that fails ends it, with the reason; nothing to say ends it at once", () => {
  const failing = queue({ sentences: ["One.", "Two."], ended: true });
  failing.made.go();
  failing.done("network");
  assert.deepEqual([failing.heard, failing.ends], [["One."], ["network"]]);
  const empty = queue({ sentences: [], ended: true });
  empty.made.go();
  assert.deepEqual(empty.ends, [undefined]);
});

const voice = (lang, voiceURI = lang, more = {}) => ({ lang, voiceURI, ...more });
const voices = [voice("de-DE"), voice("en-US"), voice("en-GB", "nice"), voice("ja-JP"), voice("de_AT", "other", { default: true })];

test("the script says the language where it can", () => {
  for (const [text, lang] of [["Hello", "en"], ["Guten Tag", "en"], ["狐は寝る", "ja"], ["你好，世界", "zh"], ["مرحبا", "ar"], ["Привет, world", "ru"], ["नमस्ते", "hi"], ["The word 狐 means fox", "en"], ["12 + 3", "en"]]) assert.equal(languageOf(text, "en"), lang, text);
});

test("the chosen voice, unless another speaks the language; else the browser's", () => {
  const found = (lang, chosen) => voiceFor(lang, voices, chosen)?.voiceURI;
  assert.equal(found("en-US", "nice"), "nice");
  assert.equal(found("ja", "nice"), "ja-JP");
  assert.equal(found("hi", "nice"), "nice");
  assert.equal(found("en-US", ""), "en-US");
  assert.equal(found("de", ""), "other");
  assert.equal(found("de-DE", "gone"), "de-DE");
  assert.equal(found("hi", ""), undefined);
  assert.equal(voiceFor("en", [], ""), null);
});

test("a voice of the server's is used where it was chosen, or where the browser has none", () => {
  const joe = { name: "joe-us", lang: "en-US" };
  assert.equal(serverVoice([joe], "", voices), null);
  assert.equal(serverVoice([joe], uriOf(joe), voices), joe);
  assert.equal(serverVoice([joe], "", []), joe);
  assert.equal(serverVoice([joe], "gone", []), joe);
  assert.equal(serverVoice([], "echo:joe-us", []), null);
});

test("what only the browser speaks is the browser's to say", () => {
  assert.equal(browserSpeaks("ja", "en-US", voices), true);
  assert.equal(browserSpeaks("en-US", "en-US", voices), false);
  assert.equal(browserSpeaks("hi", "en-US", voices), false);
});
