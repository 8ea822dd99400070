// The bar that tells of a lost connection: only after a short grace, and "reconnected" only if the bar was shown.

import { element } from "./icons.js";

const GRACE = 2500;

export class Connection {
  constructor(bar, indicator) {
    this.bar = bar;
    this.indicator = indicator;
    this.ended = false;
  }

  down() {
    if (this.ended || this.timer || this.shown) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.shown = true;
      this.indicator.dataset.state = "off";
      this.#show("", "No connection. Echo keeps trying; what you send waits here.");
    }, GRACE);
  }

  up() {
    clearTimeout(this.timer);
    this.timer = 0;
    delete this.indicator.dataset.state;
    if (!this.shown) return;
    this.shown = false;
    this.#show("good", "Connected again.");
    this.hideTimer = setTimeout(() => { this.bar.hidden = true; }, 2200);
  }

  /** Signed out here or elsewhere: the draft stays, the way back is one link. */
  signedOut(reason) {
    clearTimeout(this.timer);
    this.ended = true;
    this.indicator.dataset.state = "off";
    const next = encodeURIComponent(location.pathname);
    this.#show("", element("span", {}, `${/\s/.test(reason ?? "") ? reason : "You are signed out."} What you wrote is kept.`), element("a", { href: `/login?next=${next}` }, "Sign in again"));
  }

  #show(kind, ...content) {
    clearTimeout(this.hideTimer);
    this.bar.dataset.kind = kind;
    this.bar.replaceChildren(...content);
    this.bar.hidden = false;
  }
}
