// The text of a prompt: what it asks for in double braces, and what it says once that is filled in. Pure.

const VARIABLE = /\{\{\s*([^{}\s][^{}\n]{0,39}?)\s*\}\}/g;

/** The names in double braces, each once, in their order. */
export const variablesOf = (text) => [...new Set([...text.matchAll(VARIABLE)].map(([, name]) => name))];

/** values: a Map from name to what was typed. What was typed is not read for braces again. */
export const filled = (text, values) => text.replace(VARIABLE, (_whole, name) => values.get(name) ?? "");
