// The rows of the settings about voice: which one reads aloud, how fast, how that sounds; which language is dictated.

import { element } from "./icons.js";
import { preferences, setDictation } from "./theme.js";
import { mouth } from "./server_voice.js";
import { SPEEDS, chooseSpeed, chooseVoice, chosenSpeed, chosenVoice, serverVoice, uriOf, voicesHere } from "./voices.js";
import { language, t } from "./words.js";

const SAMPLE = t("This is how I read your answers.");
const nameOf = new Intl.DisplayNames(language, { type: "language", fallback: "code" });
const title = (lang) => { try { return nameOf.of(lang.replace("_", "-")); } catch { return lang; } };

const HEARD = "af ar az be bg bn bs ca cs cy da de el en es et fa fi fr gl gu he hi hr hu hy id is it ja ka kk kn ko lt lv mi mk ml mn mr ms my ne nl no pa pl pt ro ru sk sl sq sr sv sw ta te th tl tr uk ur vi zh".split(" ");

/** The languages that may be dictated, with the model finding out as the usual one. */
export function dictationSettings(dialog) {
  const select = dialog.querySelector("#dictation");
  const options = HEARD.map((code) => element("option", { value: code }, title(code)));
  options.sort((one, other) => one.textContent.localeCompare(other.textContent, language));
  select.replaceChildren(element("option", { value: "" }, t("Found out")), ...options);
  select.value = preferences.dictation;
  select.onchange = () => setDictation(select.value);
}

let trying = null; // what is heard on trial

/** Puts the voices that are there now into the list, and makes its rows work. offered: this server's. */
export function voiceSettings(dialog, offered) {
  const select = dialog.querySelector("#voice");
  const speed = dialog.querySelector("#voice-speed");
  const number = dialog.querySelector("#voice-speed-now");
  fill(select, offered);
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
    trying?.stop();
    trying = mouth(offered);
    trying.say(SAMPLE, () => trying.stop());
  };
}

function fill(select, offered) {
  const groups = new Map();
  for (const voice of voicesHere()) {
    const group = title(voice.lang);
    groups.set(group, [...(groups.get(group) ?? []), voice]);
  }
  const option = (voice) => element("option", { value: voice.voiceURI }, voice.name);
  const sorted = [...groups].sort(([one], [other]) => one.localeCompare(other, language));
  const ours = offered.map((voice) => element("option", { value: uriOf(voice) }, t("Echo ({name})", { name: voice.title })));
  const browsers = element("option", { value: "" }, t("The browser's own"));
  select.replaceChildren(
    ...(sorted.length ? [browsers] : []),
    ...(ours.length ? [element("optgroup", { label: t("This server's") }, ...ours)] : []),
    ...sorted.map(([group, voices]) => element("optgroup", { label: group }, ...voices.map(option))),
  );
  const own = serverVoice(offered);
  select.value = own ? uriOf(own) : chosenVoice();
  if (select.selectedIndex < 0) select.value = ""; // a voice that is not here any more
}
