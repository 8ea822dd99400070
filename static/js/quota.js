// What is left of the day's allowances, in words. Nothing is said while there is plenty. It knows no socket and no composer.

import { count } from "./format.js";
import { locale, n, t } from "./words.js";

const NEAR = 0.8;
const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const LEFT = {
  messages: (values) => t("{left} of {limit} messages left today", values),
  tokens: (values) => t("{left} of {limit} tokens left today", values),
};
const SPENT = {
  messages: (values) => t("Today’s {limit} messages are used up. You can go on {when} ({wait}).", values),
  tokens: (values) => t("Today’s {limit} tokens are used up. You can go on {when} ({wait}).", values),
};

/** The allowance that runs out first: {things, used, limit}; null when nothing is limited. */
export function scarcest(quota) {
  const limited = ["messages", "tokens"]
    .map((things) => ({ things, ...quota?.[things] }))
    .filter(({ limit }) => limit !== null && limit !== undefined);
  limited.sort((one, other) => share(other) - share(one));
  return limited[0] ?? null;
}

const share = ({ used, limit }) => (limit > 0 ? used / limit : 1);

/** "tomorrow at 2:00 AM", on the viewer's own clock. */
export function when(resetsAt, now = new Date(), options = {}) {
  const date = new Date(resetsAt);
  const day = (moment) => new Intl.DateTimeFormat("en-CA", { dateStyle: "short", ...options }).format(moment);
  const time = new Intl.DateTimeFormat(options.locale ?? locale, { hour: "numeric", minute: "2-digit", timeZone: options.timeZone }).format(date);
  return day(date) === day(now) ? t("today at {time}", { time }) : t("tomorrow at {time}", { time });
}

/** "in 5 hours" */
export function wait(resetsAt, now = new Date()) {
  const left = new Date(resetsAt) - now;
  if (left >= 1.5 * HOUR) return n(Math.round(left / HOUR), "in {count} hour", "in {count} hours");
  const step = left >= 20 * MINUTE ? 10 : 1; // screen readers say each change
  const minutes = Math.max(1, Math.round(left / MINUTE / step) * step);
  return n(minutes, "in {count} minute", "in {count} minutes");
}

/** {caption, blocked}: what the caption says ("" for nothing), and why nothing can be sent (null when it can). */
export function describe(quota, now = new Date(), options = {}) {
  const first = scarcest(quota);
  if (!first || share(first) < NEAR || new Date(quota.resets_at) <= now) return { caption: "", blocked: null };
  const { things, used, limit } = first;
  if (used < limit) return { caption: LEFT[things]({ left: count(limit - used), limit: count(limit) }), blocked: null };
  const text = SPENT[things]({ limit: count(limit), when: when(quota.resets_at, now, options), wait: wait(quota.resets_at, now) });
  return { caption: text, blocked: `${text} ${t("What you have written is kept.")}` };
}

/** Draws the caption, and tells when sending becomes possible or not. */
export class Quota {
  /** onChange(reason|null) is called whenever sending becomes blocked or free again. */
  constructor(node, quota, onChange) {
    Object.assign(this, { node, onChange, blocked: null });
    this.show(quota);
  }

  show(quota) {
    this.quota = quota;
    this.#draw();
  }

  /** What was missed while the connection was away. */
  async refresh() {
    const response = await fetch("/quota", { headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
    if (response?.ok) this.show(await response.json());
  }

  /** {text, seconds} of a refusal: a spent day is told by the viewer's clock, not counted down in seconds. */
  async explain(error) {
    if (error.code !== "quota_exceeded") return { text: error.text, seconds: error.retryAfter ?? 0 };
    await this.refresh();
    return { text: this.blocked ?? error.text, seconds: 0 };
  }

  #draw() {
    const { caption, blocked } = describe(this.quota);
    this.node.textContent = caption;
    this.node.hidden = caption === "";
    this.node.classList.toggle("spent", blocked !== null);
    if (blocked !== this.blocked) this.onChange(blocked);
    this.blocked = blocked;
    this.#again(blocked);
  }

  /** The wait is told anew each minute; at its end the server is asked. */
  #again(blocked) {
    clearTimeout(this.timer);
    if (this.node.hidden) return;
    const left = () => new Date(this.quota.resets_at) - Date.now();
    const next = blocked === null ? left() : Math.min(MINUTE, left());
    this.timer = setTimeout(() => { this.#draw(); if (left() <= 0) this.refresh(); }, next + 500);
  }
}
