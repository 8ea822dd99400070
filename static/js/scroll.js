// The one owner of scrolling in the message list. Pinned: growth is followed; a person's move up unpins, and nothing else does:
// where the list becomes shorter (a code block closes) the browser moves it too, and that is told apart by who made the change.
// On sending, the question goes near the top and a spacer under the answer shrinks as it grows, so nothing jumps.

const TIME_CONSTANT = 80; // ms of the spring
const UNPIN = 3;
const SHOW_BUTTON = 200;
const HIDE_BUTTON = 60;
const TOP_GAP = 50;

export class ScrollController {
  constructor({ scroller, content, spacer, button, onNearTop }) {
    Object.assign(this, { scroller, content, spacer, button, onNearTop });
    this.pinned = true;
    this.anchor = null;
    this.written = scroller.scrollTop;
    this.last = scroller.scrollTop;
    this.lowest = this.bottom;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroller.addEventListener("wheel", (event) => event.deltaY < 0 && !event.ctrlKey && this.#deliberate(), { passive: true });
    scroller.addEventListener("touchstart", (event) => { this.touched = event.touches[0].clientY; }, { passive: true });
    scroller.addEventListener("touchmove", (event) => event.touches[0].clientY > this.touched + UNPIN && this.#deliberate(), { passive: true });
    scroller.addEventListener("keydown", (event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && event.target === scroller && this.#deliberate());
    button.addEventListener("click", () => this.toBottom());
    this.observer = new ResizeObserver(() => this.grown());
    this.observer.observe(content);
    this.observer.observe(scroller);
  }

  get bottom() {
    return Math.max(0, this.scroller.scrollHeight - this.scroller.clientHeight);
  }

  get distance() {
    return this.bottom - this.scroller.scrollTop;
  }

  #write(top) {
    this.scroller.scrollTop = top;
    this.written = this.scroller.scrollTop;
    this.last = this.written;
  }

  #scrolled() {
    const top = this.scroller.scrollTop;
    const own = Math.abs(top - this.written) < 1.5;
    if (!own) {
      if (top < this.last - UNPIN && this.distance > 2) this.pinned = false;
      else if (this.distance <= 2) this.pinned = true;
      this.written = Number.NaN;
    }
    this.last = top;
    if (top < 120) this.onNearTop?.();
    this.#showButton();
  }

  #deliberate() {
    if (this.bottom > 4 && this.scroller.scrollTop > 0) {
      this.pinned = false;
      this.#showButton();
    }
  }

  #showButton() {
    const shown = this.button.classList.contains("shown");
    const want = !this.pinned && this.distance > (shown ? HIDE_BUTTON : SHOW_BUTTON);
    if (want === shown) return;
    this.button.classList.toggle("shown", want);
    this.button.tabIndex = want ? 0 : -1;
  }

  /** Runs a change of the page's own: as far as the browser moves the list meanwhile, no person did. */
  ours(change) {
    const before = this.scroller.scrollTop;
    change();
    const moved = this.scroller.scrollTop - before;
    this.written += moved;
    this.last += moved;
  }

  /** The content or the window changed its size. */
  grown() {
    const { bottom } = this;
    if (this.pinned && bottom < this.lowest && this.distance <= 2) this.#write(this.scroller.scrollTop); // shorter: the browser went along
    this.lowest = bottom;
    if (!bottom) this.onNearTop?.(); // nobody can scroll
    this.#fitSpacer();
    if (this.pinned) this.#follow();
    this.#showButton();
  }

  #fitSpacer() {
    let height = 0;
    if (this.anchor?.isConnected) {
      const top = this.anchor.getBoundingClientRect().top;
      const end = this.spacer.getBoundingClientRect().top;
      const below = Number.parseFloat(getComputedStyle(this.spacer.parentElement).paddingBottom) || 0;
      height = Math.max(0, this.scroller.clientHeight - this.gap - (end - top) - below);
      if (height === 0) this.anchor = null;
    }
    const text = `${Math.round(height)}px`;
    if (this.spacer.style.height !== text) this.spacer.style.height = text;
  }

  #follow() {
    if (this.frame) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.#write(this.bottom);
    let before = performance.now();
    const step = (now) => {
      this.frame = 0;
      if (!this.pinned) return;
      const rest = this.bottom - this.scroller.scrollTop;
      if (Math.abs(rest) < 1) return this.#write(this.bottom);
      const share = 1 - Math.exp(-Math.max(1, now - before) / TIME_CONSTANT);
      before = now;
      this.#write(this.scroller.scrollTop + Math.max(rest * share, Math.sign(rest)));
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  /** Where somebody reads: for jump(). */
  get place() {
    return { pinned: this.pinned, top: this.scroller.scrollTop };
  }

  /** Opening a chat: at its end, without a ride; or where it was left. */
  jump(place = null) {
    this.anchor = null;
    this.pinned = place?.pinned ?? true;
    this.#fitSpacer();
    this.#write(this.pinned ? this.bottom : place.top);
    this.#showButton();
  }

  toBottom() {
    this.pinned = true;
    this.#follow();
    this.#showButton();
  }

  toTop() {
    this.pinned = false;
    this.scroller.scrollTo({ top: 0, behavior: "smooth" });
  }

  /** The own question was just added. */
  sent(question) {
    Object.assign(this, { anchor: question, gap: TOP_GAP });
    this.pinned = true;
    this.grown();
  }

  /** Runs change() and keeps the element that find() names at its place on the screen. */
  keeping(find, change) {
    const before = find()?.getBoundingClientRect().top;
    change();
    const after = find()?.getBoundingClientRect().top;
    if (before !== undefined && after !== undefined) this.#shift(after - before);
  }

  /** Puts an element at a place on the screen; room: even where what follows is too short for that. */
  hold(node, top, room = false) {
    if (room) Object.assign(this, { anchor: node, gap: top - this.scroller.getBoundingClientRect().top });
    this.#fitSpacer();
    this.#shift(node.getBoundingClientRect().top - top);
  }

  #shift(by) {
    this.pinned = false;
    this.#write(this.scroller.scrollTop + by);
    if (this.distance <= 2) this.pinned = true;
    this.#showButton();
  }
}
