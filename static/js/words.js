// Texts in the reader's language: English stands in the code and is the key of `globalThis.echoWords`, which
// static/words/LANGUAGE.js sets before any module runs; without it English is shown. Knows no page.

const found = globalThis.echoWords ?? {};

const page = globalThis.document?.documentElement;

export const language = page?.lang || "en";

/** 1 where lines are read from left to right, else -1. */
export const forward = page?.dir === "rtl" ? -1 : 1;

/** For times: as the reader's own country writes them, where the browser names one that speaks the language. */
const country = (globalThis.navigator?.languages ?? []).find((tag) => tag.split("-")[0] === language) ?? language;
export const locale = new Intl.Locale(country, { numberingSystem: "latn" }).toString(); // the digits that the server writes

const plural = new Intl.PluralRules(language);
const ORDER = ["zero", "one", "two", "few", "many", "other"].filter((name) => plural.resolvedOptions().pluralCategories.includes(name));
const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 1, numberingSystem: "latn" });

/** 12480 as "12,480", in the reader's way and as the server writes it. */
export const number = (value) => numbers.format(value);

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

/** A text that stands in a table: gathered for translators here, said by `t` where it is shown. */
export const mark = (text) => text;

/** t("Rename {title}", { title }) */
export function t(text, values = {}) {
  return fill(found[text] ?? text, values);
}

/** p("of a program", "Code"): one of several meanings, where languages have a word for each. */
export const p = (context, text) => found[`${context}\x04${text}`] ?? text;

/** n(3, "{count} chat", "{count} chats"): the form that this number takes; `count` is written as people write it. */
export function n(count, one, many, values = {}) {
  const forms = found[one] ?? [one, many];
  const at = forms === found[one] ? ORDER.indexOf(plural.select(count)) : Number(count !== 1);
  return fill(forms[Math.min(at, forms.length - 1)], { count: number(count), ...values });
}
