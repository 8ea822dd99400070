// Files that take a while: begun without leaving the page, watched, then offered. It knows no kind of file.

import { enhanceForms } from "./ajax_form.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const LOOK_MS = 500;
const pause = () => new Promise((done) => setTimeout(done, LOOK_MS));

for (const row of document.querySelectorAll("[data-download]")) watch(row);
document.addEventListener("ajax:done", (event) => {
  const row = event.target.closest("[data-download]");
  if (row) draw(row);
});

/** Looks again and again until the file is made or is not. */
async function watch(row) {
  while (row.isConnected && row.dataset.state === "making") {
    await pause();
    const answer = await look(row);
    if (!answer) continue;
    if (answer.state === "making") show(row, answer.progress);
    else {
      await draw(row);
      tell(row.dataset.title, answer);
      return;
    }
  }
}

/** How far the file is; null when that is not known now. */
async function look(row) {
  const note = row.querySelector("[data-note]");
  try {
    const answer = await fetch(row.dataset.look, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
    if (answer.status === 401 || answer.status === 403) return location.reload();
    const said = await answer.json();
    if (answer.status === 404) return { state: "gone", error: said.message };
    if (!answer.ok) throw new Error(said.message);
    note.textContent = t("Being made…");
    return said;
  } catch {
    note.textContent = t("No connection. Looking again…");
    return null;
  }
}

function show(row, progress) {
  if (!progress) return;
  row.querySelector("progress").value = progress;
  row.querySelector("[data-percent]").textContent = t("{count} %", { count: Math.round(progress * 100) });
}

function tell(title, { state, error }) {
  if (state === "ready") toast(t("{title}: the file is ready.", { title }), { kind: "success" });
  else toast(t("{title}: {error}", { title, error }), { kind: "error" });
}

/** The row as the server has it now. Whoever was in it stays in it. */
async function draw(row) {
  const response = await fetch(location.pathname.replace(/begin\/$/, ""), { credentials: "same-origin" }).catch(() => null);
  if (!response?.ok || response.redirected) return location.reload();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById(row.id);
  const focused = row.contains(document.activeElement) || document.activeElement === document.body;
  row.replaceWith(fresh);
  enhanceForms(fresh);
  if (focused) fresh.querySelector(".download-acts .button")?.focus({ preventScroll: true });
  watch(fresh);
}
