// Texts in the reader's language: English stands in the code and is the key of `globalThis.echoWords`, which
// static/words/LANGUAGE.js sets before any module runs; without it English is shown. Knows no page.

const found = globalThis.echoWords ?? {};

export const language = globalThis.document?.documentElement?.lang || "en";

const plural = new Intl.PluralRules(language);
const ORDER = ["zero", "one", "two", "few", "many", "other"].filter((name) => plural.resolvedOptions().pluralCategories.includes(name));
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

/** t("Rename {title}", { title }) */
export function t(text, values = {}) {
  return fill(found[text] ?? text, values);
}

/** n(3, "{count} chat", "{count} chats"): the form that this number takes; `count` is written as people write it. */
export function n(count, one, many, values = {}) {
  const forms = found[one] ?? [one, many];
  const at = forms === found[one] ? ORDER.indexOf(plural.select(count)) : Number(count !== 1);
  return fill(forms[Math.min(at, forms.length - 1)], { count: number.format(count), ...values });
}
