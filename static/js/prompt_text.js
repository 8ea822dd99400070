// The text of a prompt: what it asks for in double braces, what it says once that is filled in, and which prompts are meant
// by a few letters. Knows no DOM.

const VARIABLE = /\{\{\s*([^{}\s][^{}\n]{0,39}?)\s*\}\}/g;

/** The names in double braces, each once, in their order. */
export const variablesOf = (text) => [...new Set([...text.matchAll(VARIABLE)].map(([, name]) => name))];

/** values: a Map from name to what was typed. What was typed is not read for braces again. */
export const filled = (text, values) => text.replace(VARIABLE, (_whole, name) => values.get(name) ?? "");

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];

/** Those in whose name each typed word begins a word, the ones whose name begins as typed first; without a word all of them. */
export function matchingPrompts(typed, prompts) {
  const wanted = wordsOf(typed);
  const start = wanted.join(" ");
  const found = prompts.filter(({ name }) => wanted.every((word) => wordsOf(name).some((other) => other.startsWith(word))));
  const begins = ({ name }) => wordsOf(name).join(" ").startsWith(start);
  return [...found.filter(begins), ...found.filter((prompt) => !begins(prompt))];
}
