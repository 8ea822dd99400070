// A chart's picture becomes readable: the values under the pointer, or by arrow keys, as words beside the place.
// Knows no chart: the picture itself says which part of it stands for what.

import { t } from "./words.js";

const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "Escape"];
const GAP = 10; // pixels between a place and its words

export function readCharts(root) {
  for (const picture of root.querySelectorAll("[data-values]")) new ChartReader(picture);
}

class ChartReader {
  constructor(picture) {
    this.picture = picture;
    this.spots = [];
    this.at = -1;
    this.source = "";
    this.layer = this.made("chart-layer", { role: "slider", tabindex: "0", "aria-label": t("Values of {chart}", { chart: picture.dataset.values }) });
    this.mark = this.made("chart-mark", {}, this.layer);
    this.tip = this.made("chart-tip", { "aria-hidden": "true" }, this.layer);
    this.tell();
    this.layer.addEventListener("pointermove", (event) => this.point(event));
    this.layer.addEventListener("pointerdown", (event) => this.point(event));
    this.layer.addEventListener("pointerleave", () => this.show(-1));
    this.layer.addEventListener("keydown", (event) => { if (KEYS.includes(event.key)) this.key(event); });
    this.layer.addEventListener("focus", () => this.focused());
    this.layer.addEventListener("blur", () => this.show(-1));
  }

  made(name, attributes, parent = this.picture) {
    const node = document.createElement("div");
    node.className = name;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  }

  /** The picture that is shown now is read once; another one after a change of theme or width. */
  async load() {
    const shown = [...this.picture.querySelectorAll("img")].find((image) => image.offsetParent);
    if (!shown?.currentSrc || shown.currentSrc === this.source) return;
    this.source = shown.currentSrc;
    const answer = await fetch(this.source).catch(() => null);
    if (!answer?.ok) { this.source = ""; return; }
    this.spots = spotsOf(await answer.text());
  }

  async point({ clientX, clientY, pointerType }) {
    await this.load();
    const box = this.layer.getBoundingClientRect();
    const x = (clientX - box.left) / box.width, y = (clientY - box.top) / box.height;
    this.show(pointerType === "touch" ? nearest(this.spots, x, y) : under(this.spots, x, y));
  }

  async focused() {
    await this.load();
    if (this.at < 0 && this.layer.matches(":focus-visible")) this.show(this.spots.length - 1);
  }

  async key(event) {
    event.preventDefault();
    await this.load();
    this.show(stepped(event.key, this.at, this.spots));
  }

  show(at) {
    this.at = at;
    const spot = this.spots[at];
    this.layer.classList.toggle("reading", Boolean(spot));
    this.tell(spot);
    this.markRow(spot);
    if (!spot) return;
    place(this.mark, spot);
    this.tip.replaceChildren(...spot.words.map((line, first) => Object.assign(document.createElement(first ? "span" : "strong"), { textContent: line })));
    const box = this.layer.getBoundingClientRect();
    const middle = (spot.left + spot.width / 2) * box.width;
    const right = middle + GAP + this.tip.offsetWidth < box.width;
    const left = right ? middle + GAP : middle - GAP - this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(left, box.width - this.tip.offsetWidth))}px`;
    this.tip.style.top = `${Math.max(0, Math.min(spot.top * box.height, box.height - this.tip.offsetHeight))}px`;
  }

  /** The same line of the table beside the picture is marked, and is brought into its frame. */
  markRow(spot) {
    const table = this.picture.closest(".chart-and-table").querySelector(".chart-table");
    for (const row of table.querySelectorAll("tr[data-line]")) {
      row.classList.toggle("read", Boolean(spot) && row.dataset.line === spot.line);
      if (row.classList.contains("read")) table.scrollTop = row.offsetTop - table.clientHeight / 2;
    }
  }

  tell(spot) {
    const said = { valuemin: 1, valuemax: Math.max(1, this.spots.length), valuenow: spot ? this.at + 1 : 1, valuetext: spot ? spot.words.join("; ") : t("Arrow keys read the values") };
    for (const [name, value] of Object.entries(said)) this.layer.setAttribute(`aria-${name}`, value);
  }
}

function place(node, { left, top, width, height }) {
  Object.assign(node.style, { left: `${left * 100}%`, top: `${top * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` });
}

/** The boxes of a picture in parts of its size, each with its words. Only they are parsed: the policy forbids the picture's styles. */
function spotsOf(picture) {
  const [, wide, high] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(picture).map(Number);
  const [values] = /<g id="values".*<\/g>/s.exec(picture);
  const boxes = new DOMParser().parseFromString(`<svg>${values}</svg>`, "text/xml").querySelectorAll("rect");
  return [...boxes].map((rect) => {
    const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
    return { left: x / wide, top: y / high, width: width / wide, height: height / high, line: rect.getAttribute("data-line"), words: rect.textContent.trim().split("\n") };
  });
}

/** Which spot lies under a point, -1 for none. */
export function under(spots, x, y) {
  return spots.findIndex(({ left, top, width, height }) => x >= left && x <= left + width && y >= top && y <= top + height);
}

export function nearest(spots, x, y) {
  const away = spots.map(({ left, top, width, height }) => Math.hypot(x - left - width / 2, (y - top - height / 2) / 4));
  return away.indexOf(Math.min(...away));
}

/** Where one of the keys leads from a spot: along the line, or in a grid to the line above or below; -1 is nowhere. */
export function stepped(key, at, spots) {
  const last = spots.length - 1, there = spots[at];
  if (key === "Escape") return -1;
  if (key === "Home") return Math.min(0, last);
  if (key === "End" || !there) return last;
  const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (by) return Math.max(0, Math.min(last, at + by));
  const down = key === "ArrowDown";
  const lies = (spot) => (down ? spot.top > there.top + there.height / 2 : spot.top < there.top - there.height / 2) && Math.abs(spot.left - there.left) < there.width / 2;
  const column = spots.map((spot, place) => ({ spot, place })).filter(({ spot }) => lies(spot));
  column.sort((one, other) => (down ? 1 : -1) * (one.spot.top - other.spot.top));
  return column.length ? column[0].place : at;
}

if (typeof document !== "undefined") readCharts(document);
