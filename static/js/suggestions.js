// The empty chat: a greeting by the viewer's clock and a few things a small model answers well.

import { element } from "./icons.js";

const IDEAS = [
  "Who are you?", "What can you do?", "Tell me a short story about the sea", "What is the opposite of loud?", "Where do I find the settings?",
  "Name three colours of the sky", "How do you keep my chats private?", "Give me three ideas for a rainy day", "What is seven plus five?", "How do I export a chat?",
];

export function showSuggestions(list, greeting, boot, choose) {
  greeting.textContent = `${partOfDay(new Date().getHours())}, ${boot.user.username}`;
  const offset = new Date().getDate() % IDEAS.length;
  const chosen = Array.from({ length: 4 }, (_, index) => IDEAS[(offset + index * 3) % IDEAS.length]);
  list.replaceChildren(...[...new Set(chosen)].map((text) => element("li", {}, element("button", { type: "button", onclick: () => choose(text) }, text))));
}

function partOfDay(hour) {
  if (hour < 5) return "Hello";
  if (hour < 12) return "Good morning";
  return hour < 18 ? "Good afternoon" : "Good evening";
}
