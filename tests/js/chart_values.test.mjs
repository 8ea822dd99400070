// Reading a chart: which values lie under a pointer, and where keys lead.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, stepped, under } from "../../static/js/chart_values.js";

const bands = [0, 1, 2].map((place) => ({ left: 0.1 + place * 0.2, top: 0.1, width: 0.2, height: 0.8 }));
const grid = [0, 1].flatMap((line) => [0, 1, 2].map((place) => ({ left: place / 4, top: line / 4, width: 0.25, height: 0.25 })));

test("a pointer finds the band that it is in, or none", () => {
  assert.equal(under(bands, 0.15, 0.5), 0);
  assert.equal(under(bands, 0.55, 0.11), 2);
  assert.equal(under(bands, 0.05, 0.5), -1);
  assert.equal(under(bands, 0.15, 0.95), -1);
  assert.equal(under([], 0.5, 0.5), -1);
});

test("a finger finds the nearest", () => {
  assert.equal(nearest(bands, 0, 0.99), 0);
  assert.equal(nearest(bands, 0.99, 0), 2);
  assert.equal(nearest([], 0.5, 0.5), -1);
});

test("arrows go along the days and stay within them", () => {
  assert.equal(stepped("ArrowRight", 0, bands), 1);
  assert.equal(stepped("ArrowRight", 2, bands), 2);
  assert.equal(stepped("ArrowLeft", 0, bands), 0);
  assert.equal(stepped("ArrowLeft", -1, bands), 2);
  assert.equal(stepped("Home", 2, bands), 0);
  assert.equal(stepped("End", -1, bands), 2);
  assert.equal(stepped("ArrowUp", 1, bands), 1);
});

test("in a grid they go up and down too", () => {
  assert.equal(stepped("ArrowDown", 1, grid), 4);
  assert.equal(stepped("ArrowUp", 4, grid), 1);
  assert.equal(stepped("ArrowUp", 1, grid), 1);
});

test("Escape ends reading; where nothing can be read, no key leads anywhere", () => {
  assert.equal(stepped("Escape", 1, bands), -1);
  for (const key of ["ArrowRight", "ArrowUp", "Home", "End"]) assert.equal(stepped(key, -1, []), -1);
});
