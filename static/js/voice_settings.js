// The rows of the settings about reading aloud: which of the browser's voices, how fast, and how that sounds.

import { element } from "./icons.js";
import { SPEEDS, chooseSpeed, chooseVoice, chosenSpeed, chosenVoice, utter } from "./voices.js";

const SAMPLE = "This is how I read your answers.";
const nameOf = new Intl.DisplayNames("en", { type: "language", fallback: "code" });
const title = (lang) => { try { return nameOf.of(lang.replace("_", "-")); } catch { return lang; } };

/** Puts the voices that are there now into the list, and makes its rows work. */
export function voiceSettings(dialog) {
  const select = dialog.querySelector("#voice");
  const speed = dialog.querySelector("#voice-speed");
  const number = dialog.querySelector("#voice-speed-now");
  fill(select);
  const show = (rate) => {
    speed.value = rate;
    number.textContent = `${rate.toFixed(1)} ×`;
    speed.style.setProperty("--fill", `${((rate - SPEEDS.min) / (SPEEDS.max - SPEEDS.min)) * 100}%`);
  };
  Object.assign(speed, SPEEDS);
  show(chosenSpeed());
  select.onchange = () => chooseVoice(select.value);
  speed.oninput = () => show(Number(speed.value));
  speed.onchange = () => chooseSpeed(Number(speed.value));
  dialog.querySelector("#voice-try").onclick = () => {
    speechSynthesis.cancel();
    utter(SAMPLE, () => {});
  };
}

function fill(select) {
  const groups = new Map();
  for (const voice of speechSynthesis.getVoices()) {
    const group = title(voice.lang);
    groups.set(group, [...(groups.get(group) ?? []), voice]);
  }
  const option = (voice) => element("option", { value: voice.voiceURI }, voice.name);
  const sorted = [...groups].sort(([one], [other]) => one.localeCompare(other));
  select.replaceChildren(
    element("option", { value: "" }, "The browser's own"),
    ...sorted.map(([group, voices]) => element("optgroup", { label: group }, ...voices.map(option))),
  );
  select.value = chosenVoice();
  if (select.selectedIndex < 0) select.value = ""; // a voice that is not here any more
}
