// What a message asks to remember, by a plain rule; everything else is left alone.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { factIn } from "../../static/js/memory_rules.js";

const LANGUAGES = new URL("../../translations/", import.meta.url);

test("what is to be remembered, as one line", () => {
  const facts = {
    "Remember that I am vegetarian.": "I am vegetarian.",
    "please remember this: the meeting is  on Mondays\nThanks": "The meeting is on Mondays",
    "Hi! My name is Ada Lovelace, and I have a question": "My name is Ada Lovelace",
    "Call me Al. What is a fox?": "Call me Al",
  };
  for (const [text, fact] of Object.entries(facts)) assert.equal(factIn(text, 200), fact, text);
});

test("as people say it in the languages of the page", () => {
  const facts = {
    "Merk dir, dass ich vegetarisch esse": "Ich vegetarisch esse",
    "Merke dir bitte: montags schwimme ich": "Montags schwimme ich",
    "Hallo, ich heiße Jörg Weiß. Wie geht es?": "Ich heiße Jörg Weiß",
    "Bonjour ! Souviens-toi que je suis végétarien": "Je suis végétarien",
    "Retenez qu’il pleut": "Il pleut",
    "Je m’appelle Zoé, et vous ?": "Je m’appelle Zoé",
    "¡Recuerda que soy vegetariano!": "Soy vegetariano!",
    "Llámame Óscar. ¿Qué tal?": "Llámame Óscar",
    "تذكّر أنني نباتي": "أنني نباتي",
    "مرحبا، اسمي ليلى": "اسمي ليلى",
    "记住我吃素": "我吃素",
    "你好。请记住，我住在杭州": "我住在杭州",
    "我叫王芳，你呢？": "我叫王芳",
    "याद रखना कि मैं शाकाहारी हूँ": "मैं शाकाहारी हूँ",
    "नमस्ते! मेरा नाम मीरा है। कैसे हो?": "मेरा नाम मीरा है",
  };
  for (const [text, fact] of Object.entries(facts)) assert.equal(factIn(text, 200), fact, text);
});

test("the example in the settings is understood in every language", () => {
  for (const language of readdirSync(LANGUAGES, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const words = readFileSync(new URL(`${language.name}/LC_MESSAGES/messages.po`, LANGUAGES), "utf8").replaceAll('"\n"', "");
    const said = /msgid "Short facts about you.*\nmsgstr "(.*)"/.exec(words)[1];
    const example = /[“„«]\s*([^”“»]+?)\s*[”“»]/u.exec(said)[1];
    assert.ok(factIn(example, 200), `${language.name}: ${example}`);
  }
});

test("what others recall is nobody's wish", () => {
  for (const text of ["Él recuerda que llueve", "Je me souviens que tu dors", "تتذكر أن الجو حار", "我叫他来", "我记住了你的名字", "मुझे याद है कि बारिश थी", "Wie heiße ich?", "Weißt du noch, dass es regnete?"]) assert.equal(factIn(text, 200), null, text);
});

test("nothing else is offered", () => {
  for (const text of ["", "Hello", "Do you remember that film?", "I don't remember that day", "Remember the Alamo", "Remember that", "what is my name", "my name", `remember that ${"x".repeat(201)}`, "recall merely"]) assert.equal(factIn(text, 200), null, text);
});

test("as much as is kept", () => {
  assert.equal(factIn("Remember that I swim", 6), "I swim");
  assert.equal(factIn("Remember that I swim", 5), null);
});
