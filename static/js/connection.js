// The bar that tells of a lost connection: only after a short grace, and "reconnected" only if the bar was shown.
// Where something is read that was stored, it says so at once, and of when.

import { brief } from "./format.js";
import { t } from "./words.js";

const GRACE = 2500;

export class Connection {
  constructor(bar, indicator) {
    this.bar = bar;
    this.indicator = indicator;
    this.storedAt = null;
  }

  down() {
    if (this.timer || this.shown) return;
    this.timer = setTimeout(() => this.#down(), GRACE);
  }

  #down() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.shown = true;
    this.indicator.dataset.state = "off";
    const what = this.storedAt ? t("You are offline: you read what was stored at {time}.", { time: brief(new Date(this.storedAt)) }) : t("No connection. Echo keeps trying.");
    this.#show("", `${what} ${t("What you send waits here.")}`);
  }

  /** What is in view was stored then; null: it was not. */
  reading(storedAt) {
    if (storedAt === this.storedAt) return;
    this.storedAt = storedAt;
    if (storedAt || this.shown) this.#down();
  }

  up() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.storedAt = null;
    delete this.indicator.dataset.state;
    if (!this.shown) return;
    this.shown = false;
    this.#show("good", t("Connected again."));
    this.hideTimer = setTimeout(() => { this.bar.hidden = true; }, 2200);
  }

  #show(kind, text) {
    clearTimeout(this.hideTimer);
    this.bar.dataset.kind = kind;
    this.bar.textContent = text;
    this.bar.hidden = false;
  }
}
