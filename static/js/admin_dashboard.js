// The dashboard in motion: charts that come when they are seen, and the live numbers of each second.
// Knows no chart: the server sends each as a finished part of the page.

import { readCharts } from "./chart_values.js";
import { liveSocket } from "./live_socket.js";
import { shownStats } from "./live_stats.js";
import { leave } from "./session_end.js";
import { t } from "./words.js";

const NEAR = "600px"; // fetched this long before it comes into view
const STALE_MS = 5000;

function watchCharts(panels) {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      seen.unobserve(entry.target);
      fetchPart(entry.target);
    }
  }, { rootMargin: NEAR });
  for (const panel of panels) {
    waitFor(panel);
    seen.observe(panel);
  }
}

function waitFor(panel) {
  panel.setAttribute("aria-busy", "true");
  panel.querySelector("[data-body]").textContent = t("Drawing…"); // over the outlines of picture and table
}

async function fetchPart(panel) {
  try {
    const answer = await fetch(panel.dataset.part, { headers: { "X-Requested-With": "XMLHttpRequest" } });
    if (!answer.ok) throw new Error(answer.status);
    panel.querySelector("[data-body]").innerHTML = await answer.text(); // our own server's, escaped there
    readCharts(panel);
  } catch {
    offerAgain(panel);
  }
  panel.removeAttribute("aria-busy");
}

function offerAgain(panel) {
  const again = document.createElement("button");
  again.className = "button small";
  again.type = "button";
  again.textContent = t("This chart could not be drawn. Try again");
  again.addEventListener("click", () => { waitFor(panel); fetchPart(panel); });
  panel.querySelector("[data-body]").replaceChildren(again);
}

function watchLive(strip) {
  const socket = liveSocket();
  let stale;
  socket.on("connect", () => socket.emit("watch_stats", {}, () => {}));
  socket.on("session_ended", ({ reason }) => leave(reason));
  socket.on("live_stats", (stats) => {
    strip.hidden = false;
    strip.classList.remove("stale");
    for (const [name, text] of Object.entries(shownStats(stats))) {
      const value = strip.querySelector(`[data-stat="${name}"]`);
      if (value) value.textContent = text; // how many processes there are is told where there may be several
    }
    clearTimeout(stale);
    stale = setTimeout(() => strip.classList.add("stale"), STALE_MS);
  });
}

/** The list of months closes like a menu: by Escape, and by a click beside it. */
function closeLightly(details) {
  document.addEventListener("click", (event) => { if (!details.contains(event.target)) details.open = false; });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
}

closeLightly(document.querySelector(".report-menu"));
watchCharts(document.querySelectorAll("[data-part]"));
const strip = document.querySelector("[data-live]");
if (strip) watchLive(strip);
