// What is meant by a few typed letters: the texts in which they begin words. Pure.

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Letters and digits in runs, without case and accents. */
export const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];

/** Those in whose text each typed word begins a word, the ones that begin as typed first; without a word all of them. */
export function matching(typed, entries, textOf = (entry) => entry) {
  const wanted = wordsOf(typed);
  const start = wanted.join(" ");
  const fitting = entries
    .map((entry) => ({ entry, words: wordsOf(textOf(entry)) }))
    .filter(({ words }) => wanted.every((word) => words.some((other) => other.startsWith(word))));
  const begins = ({ words }) => words.join(" ").startsWith(start);
  return [...fitting.filter(begins), ...fitting.filter((one) => !begins(one))].map(({ entry }) => entry);
}
