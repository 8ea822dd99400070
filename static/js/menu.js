// A menu that belongs to a button: opens beside it, arrow keys move, Escape and a click elsewhere close. One at a time.

import { element, icon } from "./icons.js";
import { forward, t } from "./words.js";

let open = null;

export function closeMenu({ refocus = false } = {}) {
  if (!open) return;
  const { node, button } = open;
  open = null;
  node.remove();
  button.setAttribute("aria-expanded", "false");
  if (refocus) button.focus();
}

/** items: {label, hint, icon, run, href, download, danger, checked, disabled}, "line", or {heading} of those that follow */
export function openMenu(button, items, label = t("Menu")) {
  if (open?.button === button) return closeMenu();
  closeMenu();
  const node = element("div", { class: "menu", role: "menu", "aria-label": label }, ...items.filter(Boolean).map(item));
  (button.closest("aside, main") ?? document.body).append(node);
  open = { node, button };
  button.setAttribute("aria-expanded", "true");
  place(node, button);
  node.querySelector(".menu-item")?.focus();
  node.addEventListener("keydown", keys);
}

function item(entry) {
  if (entry === "line") return element("div", { class: "menu-line", role: "separator" });
  if (entry.heading) return element("div", { class: "menu-heading", role: "separator", "aria-label": entry.heading }, entry.heading);
  const { label, hint, icon: sign, run, href, download, danger, checked, disabled } = entry;
  const choice = checked === undefined ? { role: "menuitem" } : { role: "menuitemradio", "aria-checked": String(checked) };
  const attributes = { class: `menu-item ${danger ? "danger" : ""}`, tabindex: "-1", "aria-disabled": disabled ? "true" : false, ...choice };
  const words = hint ? element("span", { class: "menu-words" }, label, element("small", {}, hint)) : label;
  const node = href
    ? element("a", { ...attributes, href, download: download ?? false }, icon(sign), words)
    : element("button", { ...attributes, type: "button" }, icon(sign), words);
  if (disabled) return node;
  node.addEventListener("click", () => { closeMenu({ refocus: !href }); run?.(); });
  return node;
}

function place(node, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = node;
  const below = at.bottom + 6 + height <= innerHeight - 8;
  const [start, end] = forward > 0 ? [at.left, innerWidth - at.right] : [innerWidth - at.right, at.left];
  const isRoom = start + width <= innerWidth - 8; // to begin where the button begins; else it ends where that ends
  node.style.insetInlineStart = `${Math.max(8, isRoom ? start : innerWidth - end - width)}px`;
  node.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - height - 6)}px`;
  if (at.width > 120) node.style.minWidth = `${at.width}px`;
}

function keys(event) {
  const items = [...event.currentTarget.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement);
  const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key in moves) {
    event.preventDefault();
    items[(moves[event.key] + items.length) % items.length].focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu({ refocus: true });
  } else if (event.key.length === 1) {
    items.find((entry) => entry.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  }
}

globalThis.document?.addEventListener("pointerdown", (event) => {
  if (open && !open.node.contains(event.target) && !open.button.contains(event.target)) closeMenu();
});
globalThis.addEventListener?.("resize", () => closeMenu());
