// The empty chat: a greeting by the viewer's clock and a few things a small model answers well; what is typed narrows them down.

import { element } from "./icons.js";
import { matching, wordsOf } from "./matching.js";
import { t } from "./words.js";

const SHOWN = 4;
const DAILY = 10; // the first of them, each of another kind than its neighbours, take turns before anything is typed
const IDEAS = [
  t("Who are you?"), t("What can you do?"), t("Tell me a short story about the sea"), t("What is the opposite of loud?"), t("Where do I find the settings?"),
  t("Name three colours of the sky"), t("How do you keep my chats private?"), t("Give me three ideas for a rainy day"), t("What is seven plus five?"), t("How do I export a chat?"),
  t("Tell me a short story about a fox"), t("Tell me a joke"), t("What is the opposite of early?"), t("Name three animals that can fly"), t("Give me three ideas for a birthday present"),
  t("How do I make the text larger?"), t("How do I change to dark colours?"), t("How do I delete a chat?"), t("How do I stop an answer?"), t("Which keys can I use?"),
  t("How do I find an old chat?"), t("How do I change my password?"), t("Where am I signed in?"), t("How do I choose another model?"),
];

/** Returns what the composer calls with each change of its text. */
export function showSuggestions(list, greeting, boot, choose) {
  greeting.textContent = greetingAt(new Date().getHours(), { name: boot.user.username });
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

function greetingAt(hour, whom) {
  if (hour < 5) return t("Hello, {name}", whom);
  if (hour < 12) return t("Good morning, {name}", whom);
  return hour < 18 ? t("Good afternoon, {name}", whom) : t("Good evening, {name}", whom);
}
