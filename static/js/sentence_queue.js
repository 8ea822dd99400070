// Says sentences one after the other, also while more of them come. Pure: it is given them, and what says them.

export class SentenceQueue {
  /** ready(): {sentences, ended}, as they are now; say(text, done): done(failure?) once it is said; soon?(text): it is next; over(failure?): it is at its end. */
  constructor({ ready, say, soon = null, over }) {
    Object.assign(this, { ready, say, soon, over });
    this.said = 0;
    this.speaking = false;
    this.stopped = false;
  }

  /** There is more to say, or nothing will come any more. */
  go() {
    if (this.stopped || (this.speaking && !this.soon)) return;
    const { sentences, ended } = this.ready();
    if (this.speaking) return this.#prepare(sentences);
    if (this.said < sentences.length) this.#speak(sentences[this.said]);
    else if (ended) this.#end();
    if (this.speaking && this.soon) this.#prepare(sentences);
  }

  #prepare(sentences) {
    if (this.said < sentences.length) this.soon(sentences[this.said]);
  }

  stop() {
    this.stopped = true;
  }

  #speak(text) {
    this.speaking = true;
    this.said += 1;
    this.say(text, (failure) => {
      if (this.stopped) return;
      this.speaking = false;
      if (failure) this.#end(failure);
      else this.go();
    });
  }

  #end(failure) {
    this.stopped = true;
    this.over(failure);
  }
}
