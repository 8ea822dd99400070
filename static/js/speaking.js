// Which answer is being read aloud, and when that stops: at its end, with the button, for a new question, another chat, another page.
// Whether there are voices is a mark on the page, after which what needs one is shown; the code that reads comes when wanted.

import { toast } from "./toasts.js";
import { t } from "./words.js";

const speech = globalThis.speechSynthesis;

/** Some browsers find their voices late; this server's are there at once. */
function markVoices(own) {
  const look = () => document.documentElement.toggleAttribute("data-voices", own.length > 0 || speech?.getVoices().length > 0);
  look();
  speech?.addEventListener?.("voiceschanged", look);
}

export class Speaking {
  /** list(): of messages, whose views show which one is read; voices: this server's */
  constructor(list, voices) {
    Object.assign(this, { list, voices });
    this.key = null;
    this.reading = null;
    markVoices(voices);
    addEventListener("pagehide", () => this.stop());
  }

  async toggle(row) {
    if (row.key === this.key) return this.stop();
    this.stop();
    this.#mark(row.key);
    const { readAloud } = await import("./read_aloud.js").catch(() => ({}));
    if (this.key !== row.key) return;
    if (readAloud) this.reading = readAloud(row, this.voices, (failure) => this.#over(row.key, failure));
    else this.#over(row.key, "offline");
  }

  /** Whether there was something to stop. */
  stop() {
    if (this.key === null) return false;
    this.reading?.stop();
    this.#mark(null);
    return true;
  }

  /** rows(): those in view; one that is not among them is not read on. */
  shown(rows) {
    if (this.key === null) return;
    if (!rows().some((row) => row.key === this.key)) this.stop();
    else this.reading?.go();
  }

  #over(key, failure) {
    if (this.key !== key) return;
    this.#mark(null);
    if (failure) toast(failure === "offline" ? t("No connection. Try again when you are online.") : failure.message ?? t("The browser's voice failed. Choose another one in the settings."), { kind: "error" });
  }

  #mark(key) {
    const before = this.key;
    this.key = key;
    this.reading = key === null ? null : this.reading;
    for (const each of [before, key]) this.list().views.get(each)?.showReading(each === key);
  }
}
