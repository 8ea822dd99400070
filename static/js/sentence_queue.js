// Says sentences one after the other, also while more of them come. Pure: it is given them, and what says them.

export class SentenceQueue {
  /** ready(): {sentences, ended}, as they are now; say(text, done): done(failure?) once it is said; over(failure?): it is at its end. */
  constructor({ ready, say, over }) {
    Object.assign(this, { ready, say, over });
    this.said = 0;
    this.speaking = false;
    this.stopped = false;
  }

  /** There is more to say, or nothing will come any more. */
  go() {
    if (this.speaking || this.stopped) return;
    const { sentences, ended } = this.ready();
    if (this.said < sentences.length) this.#speak(sentences[this.said]);
    else if (ended) this.#end();
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
