// Numbers, times and titles as a person says them. Pure.

import { language, locale, n, number, t } from "./words.js";

const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1, numberingSystem: "latn" });
const clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const month = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", numberingSystem: "latn" }); // as the server writes it: both group chats
const medium = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const long = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const utc = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

export const count = number;

/** "20 MB" */
export function bytes(value) {
  if (value >= 1e6) return t("{count} MB", { count: Math.round(value / 1e6) });
  return t("{count} kB", { count: Math.max(1, Math.round(value / 1e3)) });
}

/** "3rd" in English; other languages write the number in their sentence. */
export function ordinal(value) {
  if (language !== "en") return count(value);
  const tail = value % 100 >= 11 && value % 100 <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[value % 10] ?? "th";
  return `${value}${tail}`;
}

export function seconds(value) {
  if (value < 1) return t("{count} ms", { count: Math.round(value * 1000) });
  if (value < 60) return t("{count} s", { count: value < 10 ? tenths.format(value) : Math.round(value) });
  return value < 5400 ? t("{count} min", { count: Math.round(value / 60) }) : t("{count} h", { count: Math.round(value / 3600) });
}

function shortTime(iso, now = new Date()) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  return date.toDateString() === now.toDateString() ? clock.format(date) : day.format(date);
}

export function fullTime(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : `${full.format(date)}\n${t("{time} UTC", { time: utc.format(date) })}`;
}

/** "3rd in line, about 12 s" */
export function queuePlace(position, eta) {
  if (!position || position < 1) return t("Thinking…");
  const said = { place: ordinal(position), time: seconds(Math.round(eta)) };
  // Translators: a question waits for its answer; {place} is 3rd in English and a plain number in other languages
  if (!(eta >= 1)) return position === 1 ? t("Next in line") : t("{place} in line", said);
  return position === 1 ? t("Next in line, about {time}", said) : t("{place} in line, about {time}", said);
}

/** "128 tokens · 3.2 s · 40 tok/s", then how long the first word took. */
export function replyStats({ tokens, timing }) {
  if (!tokens?.completion) return "";
  const parts = [n(tokens.completion, "{count} token", "{count} tokens")];
  const total = timing?.total_ms / 1000;
  if (total > 0) {
    parts.push(seconds(total));
    const writing = Math.max(0.001, (timing.total_ms - (timing.first_token_ms ?? 0) - 0) / 1000);
    const rate = tokens.completion > 1 && writing > 0.01 ? (tokens.completion - 1) / writing : tokens.completion / total;
    parts.push(t("{count} tok/s", { count: count(Math.round(rate)) }));
  }
  const first = timing?.first_token_ms > 0 && t("First word after {time}", { time: seconds(timing.first_token_ms / 1000) });
  return [parts.join(" · "), first, read(tokens)].filter(Boolean).join("\n");
}

/** How much of the chat the model read for it. */
function read({ prompt, cached }) {
  if (!prompt) return "";
  if (!cached) return n(prompt, "Read {count} token", "Read {count} tokens");
  return n(prompt, "Read {count} token, {cached} remembered", "Read {count} tokens, {cached} remembered", { cached: count(cached) });
}

export const shorten = (text, most = 40) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

/** The group a moment belongs to, in the viewer's own zone. */
export function labelOf(iso, now = new Date()) {
  const date = new Date(iso);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight - date) / 86400000);
  if (days <= 0) return t("Today");
  if (days === 1) return t("Yesterday");
  return days <= 7 ? t("Previous 7 days") : month.format(date);
}

const AGO_EACH = 30_000;
const SPANS = [
  // Translators: minutes, hours, days, as short as can be
  [60, Infinity, () => t("just now")],
  [3600, 60, (values) => t("{count} min ago", values)],
  [86_400, 3600, (values) => t("{count} h ago", values)],
  [7 * 86_400, 86_400, (values) => t("{count} d ago", values)],
];

/** "5 min ago"; the date when it is a week ago. */
export function ago(date, now = new Date()) {
  const passed = (now - date) / 1000;
  const [, size, said] = SPANS.find(([limit]) => passed < limit) ?? [];
  return said ? said({ count: Math.floor(passed / size) }) : t("on {date}", { date: long.format(date) });
}

/** "Nov 3, 10:15 PM"; of another year only the day. */
export function brief(date, now = new Date()) {
  const [on, at] = [day, clock].map((part) => part.format(date).replace(/\s/g, "\u00a0")); // breaks between them alone
  return date.getFullYear() === now.getFullYear() ? t("{day}, {time}", { day: on, time: at }) : medium.format(date);
}

const TIMES = { long: (date) => long.format(date), moment: (date) => full.format(date), ago, brief };

/** What says how long ago goes on saying so. */
export function keepTimes(root = document) {
  setInterval(() => { for (const node of root.querySelectorAll("time[data-ago]")) node.textContent = ago(new Date(node.dateTime)); }, AGO_EACH);
}

/** Draws every <time datetime> inside root in the viewer's own words; a table says of its own how short. */
export function localTimes(root) {
  for (const node of root.querySelectorAll("time[datetime]")) {
    if (node.textContent.trim() && !("utc" in node.dataset)) continue;
    delete node.dataset.utc;
    const kind = node.closest("[data-times]")?.dataset.times ?? ["long", "moment", "ago"].find((name) => name in node.dataset);
    node.textContent = kind ? TIMES[kind](new Date(node.dateTime)) : shortTime(node.dateTime);
    node.title = fullTime(node.dateTime);
  }
}
