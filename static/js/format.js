// Numbers, times and titles as a person says them. Pure.

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const medium = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const long = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const utc = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

export const count = (value) => number.format(value);

/** "1 chat", "1,200 chats" */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** "20 MB" */
export const bytes = (value) => (value >= 1e6 ? `${Math.round(value / 1e6)} MB` : `${Math.max(1, Math.round(value / 1e3))} kB`);

export function ordinal(value) {
  const tail = value % 100 >= 11 && value % 100 <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[value % 10] ?? "th";
  return `${value}${tail}`;
}

export function seconds(value) {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  return value < 5400 ? `${Math.round(value / 60)} min` : `${Math.round(value / 3600)} h`;
}

function shortTime(iso, now = new Date()) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  return date.toDateString() === now.toDateString() ? clock.format(date) : day.format(date);
}

export function fullTime(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : `${full.format(date)}\n${utc.format(date)} UTC`;
}

/** "3rd in line, about 12 s" */
export function queuePlace(position, eta) {
  if (!position || position < 1) return "Thinking…";
  const wait = eta >= 1 ? `, about ${seconds(Math.round(eta))}` : "";
  return position === 1 ? `Next in line${wait}` : `${ordinal(position)} in line${wait}`;
}

/** "128 tokens · 3.2 s · 40 tok/s", then how long the first word took. */
export function replyStats({ tokens, timing }) {
  if (!tokens?.completion) return "";
  const parts = [`${count(tokens.completion)} tokens`];
  const total = timing?.total_ms / 1000;
  if (total > 0) {
    parts.push(seconds(total));
    const writing = Math.max(0.001, (timing.total_ms - (timing.first_token_ms ?? 0) - 0) / 1000);
    const rate = tokens.completion > 1 && writing > 0.01 ? (tokens.completion - 1) / writing : tokens.completion / total;
    parts.push(`${count(Math.round(rate))} tok/s`);
  }
  const first = timing?.first_token_ms > 0 ? `\nFirst word after ${seconds(timing.first_token_ms / 1000)}` : "";
  const prompt = tokens.prompt ? `\nRead ${count(tokens.prompt)} tokens${tokens.cached ? `, ${count(tokens.cached)} remembered` : ""}` : "";
  return parts.join(" · ") + first + prompt;
}

export const shorten = (text, most = 40) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

/** The group a moment belongs to, in the viewer's own zone. */
export function labelOf(iso, now = new Date()) {
  const date = new Date(iso);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight - date) / 86400000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Previous 7 days";
  return new Intl.DateTimeFormat("en", { month: "long", year: "numeric" }).format(date);
}

const AGO_EACH = 30_000;
const SPANS = [[60, "just now"], [3600, "min", 60], [86_400, "h", 3600], [7 * 86_400, "d", 86_400]];

/** "5 min ago"; the date when it is a week ago. */
export function ago(date, now = new Date()) {
  const passed = (now - date) / 1000;
  const [, unit, size] = SPANS.find(([limit]) => passed < limit) ?? [];
  if (!unit) return `on ${long.format(date)}`;
  return size ? `${Math.floor(passed / size)} ${unit} ago` : unit;
}

/** "Nov 3, 10:15 PM"; of another year only the day. */
export function brief(date, now = new Date()) {
  const [on, at] = [day, clock].map((part) => part.format(date).replace(/\s/g, "\u00a0")); // breaks between them alone
  return date.getFullYear() === now.getFullYear() ? `${on}, ${at}` : medium.format(date);
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
