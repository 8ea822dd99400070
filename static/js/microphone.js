// The microphone while somebody dictates: its level, and pieces of sound, each a whole file. It sends nothing and keeps nothing.

import { SpeechPieces } from "./speech_pieces.js";
import { t } from "./words.js";

const LOOK = 50; // ms
const LATE = 4 * LOOK; // when the page was busy, one look tells no more of the time before
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const WHY = {
  NotAllowedError: t("The browser may not use the microphone. Allow it beside the address of this page, then try again."),
  SecurityError: t("The browser may not use the microphone on this page."),
  NotFoundError: t("There is no microphone here. Plug one in, then try again."),
  NotReadableError: t("The microphone does not answer. Perhaps another program uses it."),
};

export const whyNot = ({ name }) => WHY[name] ?? t("The microphone cannot be used.");

export class Microphone {
  /** on: {piece(blob, whether a pause ended it), level(0…1, ms since the beginning), isBusy(): a piece is still being worked on} */
  constructor(stream, on, pieces) {
    Object.assign(this, { stream, on, pieces });
    this.type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) ?? "";
    this.#listen();
    this.#record();
    this.began = this.looked = performance.now();
    this.timer = setInterval(() => this.#look(), LOOK);
  }

  static async open(on, pieces = new SpeechPieces()) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
    return new Microphone(stream, on, pieces);
  }

  /** Resolves when the last piece has been handed over, unless it is to be thrown away. */
  async close({ keep = true } = {}) {
    clearInterval(this.timer);
    await this.#end(this.recorder, keep && this.pieces.hasSpeech);
    for (const track of this.stream.getTracks()) track.stop();
    await this.context?.close().catch(() => {});
  }

  /** What was heard since the last piece is thrown away. */
  restart() {
    const said = this.recorder;
    this.#record();
    this.#end(said, false);
  }

  #listen() {
    const Context = globalThis.AudioContext;
    if (!Context) return;
    this.context = new Context();
    this.analyser = new AnalyserNode(this.context, { fftSize: 1024 });
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(this.stream).connect(this.analyser);
  }

  get level() {
    if (this.context?.state !== "running") return null;
    this.analyser.getFloatTimeDomainData(this.samples);
    return Math.sqrt(this.samples.reduce((sum, sample) => sum + sample * sample, 0) / this.samples.length);
  }

  #look() {
    const now = performance.now();
    const { level } = this;
    this.on.level(level ?? 0, now - this.began);
    const ends = this.pieces.hear(level, Math.min(LATE, now - this.looked), this.on.isBusy());
    this.looked = now;
    if (!ends) return;
    const said = this.recorder;
    const { hasSpeech, isPause } = this.pieces;
    this.#record(); // before the other ends: nothing is lost between them
    this.#end(said, hasSpeech, isPause);
  }

  #record() {
    this.pieces.begin();
    this.recorder = new MediaRecorder(this.stream, this.type ? { mimeType: this.type } : {});
    this.recorder.start();
  }

  /** Ends a piece, and hands it over where it is to be kept. */
  #end(recorder, isKept, isPause = true) {
    if (recorder.state === "inactive") return Promise.resolve(); // the microphone was unplugged
    return new Promise((done) => {
      recorder.ondataavailable = ({ data }) => {
        if (isKept && data.size) this.on.piece(data, isPause);
        done();
      };
      recorder.stop();
    });
  }
}
