// The bar that tells of a lost connection: only after a short grace, and "reconnected" only if the bar was shown.

const GRACE = 2500;

export class Connection {
  constructor(bar, indicator) {
    this.bar = bar;
    this.indicator = indicator;
  }

  down() {
    if (this.timer || this.shown) return;
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

  #show(kind, text) {
    clearTimeout(this.hideTimer);
    this.bar.dataset.kind = kind;
    this.bar.textContent = text;
    this.bar.hidden = false;
  }
}
