// Voices: which are there, which one a text is said with, how fast, and how the browser's own say it. What a person chose is kept in the browser.

const VOICE = "echo.voice";
const SPEED = "echo.voice-speed";
export const SPEEDS = { min: 0.5, max: 2, step: 0.1 };

const read = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const write = (name, value) => { try { if (value) localStorage.setItem(name, value); else localStorage.removeItem(name); } catch { /* for this page only, then */ } };

export const chosenVoice = () => read(VOICE) ?? "";
export const chooseVoice = (uri) => write(VOICE, uri);
export const chooseSpeed = (rate) => write(SPEED, String(rate));

export function chosenSpeed() {
  const rate = Number(read(SPEED));
  return rate >= SPEEDS.min && rate <= SPEEDS.max ? rate : 1;
}

/** Scripts that say which language it is, nearly; kana before the signs that Japanese shares with Chinese. */
const SCRIPTS = [
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/u], ["ko", /\p{Script=Hangul}/u], ["zh", /\p{Script=Han}/u], ["ar", /\p{Script=Arabic}/u], ["he", /\p{Script=Hebrew}/u],
  ["ru", /\p{Script=Cyrillic}/u], ["el", /\p{Script=Greek}/u], ["hi", /\p{Script=Devanagari}/u], ["th", /\p{Script=Thai}/u],
];

/** A script's language where most letters are of it, else the page's own. */
export function languageOf(text, page) {
  const letters = [...text].filter((sign) => /\p{L}/u.test(sign));
  const of = (script) => letters.filter((sign) => script.test(sign)).length;
  const foreign = letters.filter((sign) => !/\p{Script=Latin}/u.test(sign)).length;
  if (foreign * 2 <= letters.length) return page;
  return SCRIPTS.find(([, script]) => of(script) > 0 && of(script) * 5 >= letters.length)?.[0] ?? page;
}

/** How a server's voice is called where one is chosen. */
export const uriOf = ({ name }) => `echo:${name}`;

export const voicesHere = () => globalThis.speechSynthesis?.getVoices() ?? [];

/** The server's voice that is chosen, or that is there where the browser has none; null: the browser's. */
export function serverVoice(offered, chosen = chosenVoice(), browsers = voicesHere()) {
  return offered.find((voice) => uriOf(voice) === chosen) ?? (browsers.length ? null : offered[0] ?? null);
}

/** Whether a text's language is another than the server's voice's, and the browser speaks it. */
export const browserSpeaks = (lang, other, browsers = voicesHere()) => base(lang) !== base(other) && browsers.some((voice) => base(voice.lang) === base(lang));

const base = (tag) => tag.toLowerCase().split(/[-_]/)[0];

/** The chosen one where it speaks the text's language, else the browser's for that language; null leaves it to the browser. */
export function voiceFor(lang, voices, chosen = chosenVoice()) {
  const own = voices.find((voice) => voice.voiceURI === chosen);
  const speaks = (voice) => base(voice.lang) === base(lang);
  if (own && (speaks(own) || !voices.some(speaks))) return own;
  const fitting = voices.filter(speaks);
  return fitting.find((voice) => voice.lang.toLowerCase() === lang.toLowerCase()) ?? fitting.find((voice) => voice.default) ?? fitting[0] ?? null;
}

let spoken = null; // some browsers forget an utterance, and its end, that nobody holds

/** Says a text; done(failure?) once. */
export function utter(text, done, lang = document.documentElement.lang) {
  const speech = globalThis.speechSynthesis;
  const utterance = new SpeechSynthesisUtterance(text);
  const page = lang || navigator.language;
  const chosen = speech.getVoices().find((voice) => voice.voiceURI === chosenVoice());
  utterance.lang = languageOf(text, chosen?.lang ?? page);
  utterance.voice = voiceFor(utterance.lang, speech.getVoices());
  if (utterance.voice) utterance.lang = utterance.voice.lang;
  utterance.rate = chosenSpeed();
  utterance.onend = () => done();
  utterance.onerror = ({ error }) => done(["canceled", "interrupted"].includes(error) ? undefined : error || "unknown");
  spoken = utterance;
  speech.speak(spoken);
}
