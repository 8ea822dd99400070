// Who stops the following: a person, and never the page's own changes. The list here is made of numbers, moved as a browser does.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ScrollController } from "../../static/js/scroll.js";

const frames = [];
globalThis.requestAnimationFrame = (then) => frames.push(then);
globalThis.getComputedStyle = () => ({ paddingBottom: "0px" });
globalThis.matchMedia = () => ({ matches: false });
globalThis.ResizeObserver = class { observe() {} };

/** A list of some height in a window of 500: it never stands beyond its end. */
class List extends EventTarget {
  clientHeight = 500;
  #top = 0;
  #height = 1000;
  get scrollHeight() { return this.#height; }
  set height(value) { this.#height = value; this.scrollTop = this.#top; }
  get scrollTop() { return this.#top; }
  set scrollTop(value) { this.#top = Math.max(0, Math.min(value, this.#height - this.clientHeight)); }
  scrolls() { this.dispatchEvent(new Event("scroll")); }
}

let list;
let scroll;
let clock = 0;

function ride(count = 200) {
  for (let step = 0; step < count && frames.length; step += 1) for (const then of frames.splice(0)) then((clock += 16) + performance.now());
}

beforeEach(() => {
  frames.length = 0;
  list = new List();
  const button = Object.assign(new EventTarget(), { classList: { contains: () => false, toggle() {} } });
  scroll = new ScrollController({ scroller: list, content: {}, spacer: { style: {} }, button });
  scroll.jump();
});

const change = (height) => scroll.ours(() => { list.height = height; });

test("growth is followed to the end", () => {
  change(1300);
  scroll.grown();
  ride();
  assert.equal(list.scrollTop, 800);
  assert.ok(scroll.pinned);
});

test("a list that becomes shorter and grows again before the browser tells is followed on", () => {
  change(940);
  change(1400);
  list.scrolls();
  assert.ok(scroll.pinned);
  scroll.grown();
  ride();
  assert.equal(list.scrollTop, 900);
});

test("so is one that becomes shorter by itself, in the middle of the ride too", () => {
  change(2000);
  scroll.grown();
  ride(3);
  const riding = list.scrollTop;
  assert.ok(riding > 500 && riding < 1500);
  list.height = 900;
  scroll.grown();
  list.height = 2100;
  list.scrolls();
  assert.ok(scroll.pinned);
  scroll.grown();
  ride();
  assert.equal(list.scrollTop, 1600);
});

test("a person's scroll up stops it, by whatever means", () => {
  list.scrollTop -= 40;
  list.scrolls();
  assert.equal(scroll.pinned, false);
  change(3000);
  scroll.grown();
  ride();
  assert.equal(list.scrollTop, 460);
});

test("a person's scroll is not lost among changes of ours in the same moment", () => {
  list.scrollTop -= 100;
  change(880);
  change(1500);
  list.scrolls();
  assert.equal(scroll.pinned, false);
});

test("the wheel, a finger and keys stop it at once; zooming by the wheel does not", () => {
  const send = (type, facts) => list.dispatchEvent(Object.assign(new Event(type), facts));
  send("wheel", { deltaY: -5, ctrlKey: true });
  assert.ok(scroll.pinned);
  send("touchstart", { touches: [{ clientY: 100 }] });
  send("touchmove", { touches: [{ clientY: 90 }] });
  assert.ok(scroll.pinned);
  send("touchmove", { touches: [{ clientY: 120 }] });
  assert.equal(scroll.pinned, false);
  scroll.toBottom();
  send("wheel", { deltaY: -5 });
  assert.equal(scroll.pinned, false);
});

test("back at the end it follows again", () => {
  list.scrollTop -= 100;
  list.scrolls();
  assert.equal(scroll.pinned, false);
  list.scrollTop = 500;
  list.scrolls();
  assert.ok(scroll.pinned);
});

test("random changes of ours never stop it", () => {
  let seed = 7;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  let height = 1000;
  for (let turn = 0; turn < 2000; turn += 1) {
    height = Math.max(600, height + Math.round((chance() - 0.45) * 120));
    change(height);
    if (chance() < 0.5) scroll.grown();
    if (chance() < 0.5) list.scrolls();
    if (chance() < 0.5) ride(2);
    assert.ok(scroll.pinned, `turn ${turn}`);
  }
  list.height = height;
  scroll.grown();
  ride();
  assert.equal(list.scrollTop, height - 500);
});

test("a chat is opened at its end, or where it was left", () => {
  list.scrollTop = 120;
  list.scrolls();
  const left = scroll.place;
  scroll.jump();
  assert.deepEqual([list.scrollTop, scroll.pinned], [500, true]);
  scroll.jump(left);
  assert.deepEqual([list.scrollTop, scroll.pinned], [120, false]);
});
