// Speaks to screen readers: whole sentences while an answer streams, and its beginning and end. Nothing visible.

import { answerStart } from "./markdown_more.js";
import { t } from "./words.js";

export class Announcer {
  constructor(node) {
    this.node = node;
    this.said = new Map(); // key → characters already spoken
    this.queue = [];
  }

  say(text) {
    this.queue.push(text);
    if (!this.timer) this.#next();
  }

  #next() {
    const text = this.queue.splice(0).join(" ");
    if (!text) {
      this.timer = 0;
      return;
    }
    this.node.textContent = text;
    this.timer = setTimeout(() => this.#next(), 900);
  }

  /** Called at each change of a reply. */
  follow(row, live) {
    if (!this.said.has(row.key)) {
      if (!live) return;
      this.said.set(row.key, row.text.length);
      this.say(t("Echo is answering."));
    }
    const from = Math.max(this.said.get(row.key), answerStart(row.text)); // what is thought is not read out
    const fresh = row.text.slice(from);
    const end = live ? lastSentenceEnd(fresh) : fresh.length;
    if (end > 0) {
      this.said.set(row.key, from + end);
      this.say(speakable(fresh.slice(0, end)));
    }
    if (!live) {
      this.said.delete(row.key);
      this.say({ stopped: t("Stopped."), interrupted: t("The answer was interrupted."), failed: t("The answer failed.") }[row.status] ?? t("Answer finished."));
    }
  }
}

export function lastSentenceEnd(text) {
  let end = 0;
  for (const found of text.matchAll(/[.!?…。！？]["')\]]*\s|\n/g)) end = found.index + found[0].length;
  return end;
}

const speakable = (text) => text.replace(/```\w*/g, ` ${t("code")} `).replace(/[*_`#>|]+/g, " ").replace(/\s+/g, " ").trim();
