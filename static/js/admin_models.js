// The list of models in motion: numbers each second, progress as it comes, the list anew when more has changed.
// Knows no model: cards are the server's, drawn by templates/admin/models_part.html.

import { liveSocket } from "./live_socket.js";
import { shownModel } from "./live_stats.js";
import { said } from "./server_words.js";
import { leave } from "./session_end.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const region = document.getElementById("models");
const cards = () => [...region.querySelectorAll("[data-model]")];
let drawing = null;
let again = false;

function heard(told) {
  const before = region.querySelector("#adding")?.dataset.name;
  if (told.adding?.state === "added" && told.adding.name === before) toast(t("{name} is here, and people may choose it.", { name: before }), { kind: "success" });
  if (told.mark !== region.querySelector("[data-mark]").dataset.mark) return draw();
  for (const card of cards()) advance(card, told.models.find((model) => model.name === card.dataset.model));
  if (told.adding) advance(region.querySelector("#adding"), told.adding);
}

function advance(panel, { progress, doing, told } = {}) {
  const bar = panel?.querySelector(".progress progress");
  if (!bar) return;
  if (Number.isFinite(progress)) bar.value = progress;
  else bar.removeAttribute("value");
  const words = panel.querySelector("[data-told]");
  if (words) words.textContent = told ?? (doing ? said(doing) : t("It begins"));
}

/** The list as the server has it now; who was on a button stays on it. What changes meanwhile is drawn after. */
async function draw() {
  again = true;
  drawing ??= (async () => {
    while (again) {
      again = false;
      await drawOnce();
    }
    drawing = null;
  })();
  return drawing;
}

async function drawOnce() {
  const answer = await fetch(region.dataset.part, { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin" }).catch(() => null);
  if (!answer) return; // the next event tries anew
  if (!answer.ok) return location.reload();
  const key = region.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  region.innerHTML = await answer.text(); // our own server's, escaped there
  if (key) (region.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? region.querySelector("[data-key]"))?.focus({ preventScroll: true });
}

function figures(stats) {
  for (const model of stats.models ?? []) {
    const card = cards().find(({ dataset }) => dataset.model === model.name);
    for (const [name, text] of Object.entries(shownModel(model))) {
      const cell = card?.querySelector(`[data-live="${name}"]`);
      if (cell && cell.textContent !== text) cell.textContent = text;
    }
  }
}

const socket = liveSocket();
socket.on("connect", () => { socket.emit("watch_stats", {}, () => {}); draw(); });
socket.on("session_ended", ({ reason }) => leave(reason));
socket.on("models_changed", heard);
socket.on("live_stats", figures);
