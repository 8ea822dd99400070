// What a message asks to remember, by a plain rule; everything else is left alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { factIn } from "../../static/js/remember.js";

test("what is to be remembered, as one line", () => {
  const facts = {
    "Remember that I am vegetarian.": "I am vegetarian.",
    "please remember this: the meeting is  on Mondays\nThanks": "The meeting is on Mondays",
    "Hi! My name is Ada Lovelace, and I have a question": "My name is Ada Lovelace",
    "Call me Al. What is a fox?": "Call me Al",
  };
  for (const [text, fact] of Object.entries(facts)) assert.equal(factIn(text, 200), fact, text);
});

test("nothing else is offered", () => {
  for (const text of ["", "Hello", "Do you remember that film?", "I don't remember that day", "Remember the Alamo", "Remember that", "what is my name", "my name", `remember that ${"x".repeat(201)}`, "recall merely"]) assert.equal(factIn(text, 200), null, text);
});

test("as much as is kept", () => {
  assert.equal(factIn("Remember that I swim", 6), "I swim");
  assert.equal(factIn("Remember that I swim", 5), null);
});
