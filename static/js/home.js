// The living picture on the home page: three small talks, written word by word. Still for those who want no motion.

import { t } from "./words.js";

const TALKS = [
  [t("Say something kind about rain."), t("Rain is the sky remembering the garden. It asks for nothing, and by evening everything is a little greener.")],
  [t("Where do my words go?"), t("Nowhere. I run on this server, in the same process that shows you this page. What you tell me stays in its database, and you can delete it.")],
  [t("What should I cook tonight?"), t("Something with few steps: warm a pan, soften an onion, add tomatoes and white beans, and let it sit while you set the table.")],
];

const question = document.querySelector(".demo-question");
const answer = document.querySelector(".demo-answer");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const seen = () => document.visibilityState === "visible";

async function play([asked, answered]) {
  question.textContent = asked;
  question.classList.remove("entering");
  requestAnimationFrame(() => question.classList.add("entering"));
  answer.textContent = "";
  answer.className = "demo-answer waiting";
  await pause(1100);
  answer.className = "demo-answer writing";
  for (const word of answered.match(/\S+\s*/g)) {
    answer.textContent += word;
    await pause(45 + word.length * 14 + (/[.,:]\s*$/.test(word) ? 160 : 0));
  }
  answer.className = "demo-answer";
  await pause(3600);
}

async function playForEver() {
  for (let turn = 0; ; turn += 1) {
    while (!seen()) await pause(800);
    await play(TALKS[turn % TALKS.length]);
  }
}

if (question && answer && !matchMedia("(prefers-reduced-motion: reduce)").matches) playForEver();
