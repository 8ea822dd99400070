// Who reads aloud: the browser's voices, or one of this server's, whose sentences are fetched as sound, the next while one plays.

import { csrfToken } from "./http.js";
import { browserSpeaks, chosenSpeed, languageOf, serverVoice, utter } from "./voices.js";
import { t } from "./words.js";

const WHERE = "/v1/audio/speech";
const FAILED = () => new Error(t("The voice did not answer. Try again, or choose another one in the settings."));

class ServerVoice {
  constructor({ name, lang }) {
    Object.assign(this, { name, lang });
    this.coming = new Map(); // text → its sound, which may not be here yet
    this.asking = new AbortController();
    this.context = new AudioContext();
  }

  /** Fetches what will be said next. */
  soon(text) {
    if (!this.coming.has(text)) this.coming.set(text, this.#fetch(text).catch((failure) => ({ failure })));
  }

  async say(text, done) {
    this.soon(text);
    const { sound, failure } = await this.coming.get(text);
    this.coming.delete(text);
    if (this.asking.signal.aborted) return;
    if (failure) done(failure);
    else this.#play(sound, done);
  }

  /** At once; what is being fetched is not waited for. */
  stop() {
    this.asking.abort();
    this.context.close().catch(() => {});
  }

  async #fetch(text) {
    const headers = { "Content-Type": "application/json", Accept: "audio/wav, application/json", "X-CSRFToken": csrfToken() };
    const body = JSON.stringify({ input: text, voice: this.name, speed: chosenSpeed() });
    const response = await fetch(WHERE, { method: "POST", body, headers, signal: this.asking.signal, credentials: "same-origin" })
      .catch(() => { throw new Error(t("No connection. Try again when you are online.")); });
    if (!response.ok) throw await why(response);
    return { sound: await this.context.decodeAudioData(await response.arrayBuffer()).catch(() => { throw FAILED(); }) };
  }

  #play(sound, done) {
    const source = new AudioBufferSourceNode(this.context, { buffer: sound });
    source.connect(this.context.destination);
    source.onended = () => done();
    source.start();
  }
}

async function why(response) {
  const answer = await response.json().catch(() => ({}));
  const text = answer.error?.message ?? answer.message;
  return text ? new Error(text) : FAILED();
}

/** offered: this server's voices. {say(text, done), soon?(text), stop()}; a text in a language that only the browser speaks is the browser's. */
export function mouth(offered) {
  const silence = () => globalThis.speechSynthesis?.cancel();
  silence(); // what another page left in the browser's queue
  const own = serverVoice(offered);
  if (!own) return { say: utter, stop: silence };
  const voice = new ServerVoice(own);
  const isForeign = (text) => browserSpeaks(languageOf(text, own.lang), own.lang);
  return {
    say: (text, done) => (isForeign(text) ? utter(text, done) : voice.say(text, done)),
    soon: (text) => { if (!isForeign(text)) voice.soon(text); },
    stop: () => { voice.stop(); silence(); },
  };
}
