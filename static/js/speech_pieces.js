// Where to cut what is being said into pieces: in a pause after speech, or when a piece grows long. Pure: levels in, verdicts out.

const PAUSE = 800; // ms of quiet after which a thought is taken as said
const SHORTEST = 1500; // ms
const LONGEST = 25_000; // ms: Whisper hears thirty seconds at once
const LEAST = 0.008; // of full scale: quieter is no speech, whatever the room is like
const ABOVE = 3; // times the room's own noise: the quietest of the last seconds, since whoever speaks also breathes
const ROOM = 3000; // ms
const SPOKEN = 120; // ms of speech that make a piece worth sending

export class SpeechPieces {
  /** pause: ms of quiet that end a piece; shortest: ms that a piece has at least */
  constructor({ pause = PAUSE, shortest = SHORTEST } = {}) {
    Object.assign(this, { pause, shortest });
    this.room = []; // [level, ms], of the last seconds
    this.run = 0; // ms of speech without a break to speak of, whatever was cut meanwhile
    this.begin();
  }

  /** A new piece. */
  begin() {
    this.length = 0;
    this.spoken = 0;
    this.quiet = 0;
  }

  /** level: root mean square, 0 to 1, of the last `ms`; null where it cannot be measured. isBusy: what was said before is still being
   *  written down, and a longer piece costs the model no more. Returns whether the piece ends here. */
  hear(level, ms, isBusy = false) {
    this.length += ms;
    const isSpeech = level === null || level > Math.max(LEAST, this.#noise(level, ms) * ABOVE);
    if (isSpeech) {
      this.spoken += ms;
      this.quiet = 0;
      this.run += ms;
    } else {
      this.quiet += ms;
      this.run = Math.max(0, this.run - ms);
    }
    if (this.length >= LONGEST) return true;
    return !isBusy && this.hasSpeech && this.length >= this.shortest && this.isPause;
  }

  /** 0 until the room is known. */
  #noise(level, ms) {
    this.room.push([level, ms]);
    let known = this.room.reduce((sum, [, each]) => sum + each, 0);
    if (known < ROOM) return 0;
    for (; known - this.room[0][1] >= ROOM; this.room.shift()) known -= this.room[0][1];
    return Math.min(...this.room.map(([each]) => each));
  }

  get isPause() {
    return this.quiet >= this.pause;
  }

  get hasSpeech() {
    return this.spoken >= SPOKEN;
  }
}

/** What is put between the text before the caret and words that follow it. */
export const gap = (before, words) => (before === "" || /\s$/.test(before) || /^[\s.,;:!?)…，。！？]/.test(words) ? "" : " ");

/** "0:07" */
export const clock = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;
