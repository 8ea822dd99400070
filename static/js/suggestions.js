// The empty chat: a greeting by the viewer's clock and a few things a small model answers well; what is typed narrows them down.

import { element } from "./icons.js";
import { matching, wordsOf } from "./matching.js";

const SHOWN = 4;
const DAILY = 10; // the first of them, each of another kind than its neighbours, take turns before anything is typed
const IDEAS = [
  "Who are you?", "What can you do?", "Tell me a short story about the sea", "What is the opposite of loud?", "Where do I find the settings?",
  "Name three colours of the sky", "How do you keep my chats private?", "Give me three ideas for a rainy day", "What is seven plus five?", "How do I export a chat?",
  "Tell me a short story about a fox", "Tell me a joke", "What is the opposite of early?", "Name three animals that can fly", "Give me three ideas for a birthday present",
  "How do I make the text larger?", "How do I change to dark colours?", "How do I delete a chat?", "How do I stop an answer?", "Which keys can I use?",
  "How do I find an old chat?", "How do I change my password?", "Where am I signed in?", "How do I choose another model?",
];

/** Returns what the composer calls with each change of its text. */
export function showSuggestions(list, greeting, boot, choose) {
  greeting.textContent = `${partOfDay(new Date().getHours())}, ${boot.user.username}`;
  const today = ofDay(new Date().getDate());
  let shown = [];
  return (typed) => {
    const ideas = typed.trim() ? ideasFor(typed) : today;
    if (!typed.trim()) list.style.minHeight = "";
    else if (list.offsetHeight) list.style.minHeight ||= `${list.getBoundingClientRect().height}px`; // the composer stays where it is
    if (ideas.join() === shown.join()) return;
    list.classList.toggle("narrowed", shown.length > 0 && typed.trim() !== "");
    list.replaceChildren(...ideas.map((text) => element("li", {}, element("button", { type: "button", onclick: () => choose(text) }, text))));
    shown = ideas;
  };
}

const ofDay = (day) => [...new Set(Array.from({ length: SHOWN }, (_, index) => IDEAS[(day + index * 3) % DAILY]))];

/** Those that what is typed may become; none without a word, and none after a slash: prompts are chosen then. */
export function ideasFor(typed, ideas = IDEAS) {
  return typed.startsWith("/") || !wordsOf(typed).length ? [] : matching(typed, ideas).slice(0, SHOWN);
}

function partOfDay(hour) {
  if (hour < 5) return "Hello";
  if (hour < 12) return "Good morning";
  return hour < 18 ? "Good afternoon" : "Good evening";
}
