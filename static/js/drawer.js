// The sidebar's place: closed or open beside the chat, or a drawer on a phone that follows the finger.

import { forward } from "./words.js";

const narrow = () => matchMedia("(max-width: 820px)").matches;
const EDGE = 24;

export class Drawer {
  constructor({ root, sidebar, beside, shade, opener }) {
    Object.assign(this, { root, sidebar, beside, shade, opener });
    shade.addEventListener("click", () => this.close({ refocus: true }));
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("touchstart", (event) => this.#start(event), { passive: true });
    root.addEventListener("touchmove", (event) => this.#move(event), { passive: false }); // or the browser takes the swipe for "back"
    root.addEventListener("touchend", () => this.#end());
    root.addEventListener("touchcancel", () => this.#end());
    matchMedia("(max-width: 820px)").addEventListener("change", () => this.#tell());
    this.#tell();
  }

  get isOpen() {
    return narrow() ? document.documentElement.classList.contains("drawer-open") : !document.documentElement.classList.contains("sidebar-closed");
  }

  toggle() {
    if (this.isOpen) this.close({ refocus: true });
    else this.open();
  }

  open() {
    if (narrow()) {
      document.documentElement.classList.add("drawer-open");
      this.sidebar.querySelector("a, button").focus({ preventScroll: true });
    } else {
      this.#remember("open");
    }
    this.#tell();
  }

  close({ refocus = false } = {}) {
    if (narrow()) document.documentElement.classList.remove("drawer-open");
    else this.#remember("closed");
    this.#tell();
    if (refocus) this.opener.focus({ preventScroll: true });
  }

  /** After a choice on a phone the drawer goes; beside the chat it stays. */
  chosen() {
    if (narrow() && this.isOpen) this.close({ refocus: this.sidebar.contains(document.activeElement) });
  }

  /** Escape closes the drawer, not what is behind it; a field, a menu or a dialog in front of it takes its own. */
  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !narrow() || !this.isOpen || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.close({ refocus: true });
  }

  #remember(state) {
    document.documentElement.classList.toggle("sidebar-closed", state === "closed");
    try { localStorage.setItem("echo.sidebar", state); } catch { /* until the page is left, then */ }
  }

  #tell() {
    this.beside.inert = narrow() && this.isOpen; // the focus stays in the open drawer
    this.opener.hidden = this.isOpen && !narrow();
    this.opener.setAttribute("aria-expanded", String(this.isOpen));
  }

  // ---- the finger ---------------------------------------------------------------------------------------------

  #start(event) {
    if (!narrow() || event.touches.length !== 1) return;
    const { clientX: x, clientY: y } = event.touches[0];
    const open = this.isOpen;
    const edge = forward > 0 ? x : innerWidth - x;
    if (open || edge < EDGE) this.drag = { x, y, open, width: this.sidebar.offsetWidth, moved: 0, decided: false };
  }

  #move(event) {
    const { drag } = this;
    if (!drag) return;
    const { clientX: x, clientY: y } = event.touches[0];
    if (!drag.decided) {
      if (Math.abs(y - drag.y) > 12) { this.drag = null; return; }
      if (Math.abs(x - drag.x) < 8) return;
      drag.decided = true;
      document.documentElement.classList.add("dragging");
    }
    if (event.cancelable) event.preventDefault();
    drag.moved = (x - drag.x) * forward;
    const shown = Math.min(drag.width, Math.max(0, drag.moved + (drag.open ? drag.width : 0)));
    drag.shown = shown / drag.width;
    this.sidebar.style.transform = `translateX(${(shown - drag.width) * forward}px)`;
    this.shade.style.opacity = drag.shown;
  }

  #end() {
    const { drag } = this;
    this.drag = null;
    if (!drag?.decided) return;
    document.documentElement.classList.remove("dragging");
    this.sidebar.style.transform = "";
    this.shade.style.opacity = "";
    if (drag.shown > (drag.open ? 0.7 : 0.3)) this.open();
    else this.close();
  }
}
