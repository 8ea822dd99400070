// A shared chat: each answer is drawn as in the chat, out of the plain text that the page brings. It asks for nothing else of the chat.

import { post } from "./http.js";
import { paintMarkdown } from "./markdown.js";
import { whenMathReady } from "./math.js";

const shared = document.getElementById("shared");
const texts = new Map([...shared.querySelectorAll(".md")].map((prose) => [prose, prose.textContent]));

for (const prose of texts.keys()) prose.replaceChildren();
paint();
whenMathReady(paint);
addEventListener("beforeprint", () => { for (const block of shared.querySelectorAll(".code-block.folded")) block.classList.remove("folded"); });
countOnce();

function paint() {
  for (const [prose, text] of texts) {
    prose.classList.remove("plain");
    paintMarkdown(prose, text);
  }
}

/** Once for each tab, however often it is loaded anew; the owner's own looks are none. */
function countOnce() {
  if (shared.dataset.own === "1") return;
  try {
    if (sessionStorage.getItem(location.pathname)) return;
    sessionStorage.setItem(location.pathname, "opened");
  } catch { /* storage may be forbidden: then each load counts */ }
  post(`${location.pathname}/opened`).catch(() => {}); // a count is nobody's loss
}
