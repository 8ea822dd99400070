// The engine's live numbers as texts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { shownModel, shownStats } from "../../static/js/live_stats.js";

const stats = (more) => shownStats({ generating: 2, waiting: 0, tokens_per_second: 1234.6, connected: 17, engine: "ready", restarts: 0, processes: 1, ...more });

test("numbers are whole and grouped", () => {
  assert.deepEqual(stats(), { generating: "2", waiting: "0", tokens_per_second: "1,235", connected: "17", processes: "1", engine: "ready" });
});

test("what is absent is a dash, an unknown state is told as it is", () => {
  assert.equal(stats({ generating: undefined }).generating, "–");
  assert.equal(stats({ tokens_per_second: null }).tokens_per_second, "–");
  assert.equal(stats({ tokens_per_second: Number.NaN }).tokens_per_second, "–");
  assert.equal(stats({ engine: "restarting" }).engine, "restarting");
  assert.equal(stats({ engine: "asleep" }).engine, "asleep");
});

test("a model's numbers are words, and nothing is said of what did not happen", () => {
  const quiet = { tokens_per_second: 0, running: 0, waiting: 0, finished: 0, failed: 0, cancelled: 0 };
  assert.deepEqual(shownModel(quiet), { speed: "idle", now: "0 answering, 0 waiting", answers: "0" });
  const busy = { tokens_per_second: 1203.4, running: 3, waiting: 1, finished: 1204, failed: 2, cancelled: 1 };
  assert.deepEqual(shownModel(busy), { speed: "1,203 tokens/s", now: "3 answering, 1 waiting", answers: "1,204, 2 failed, 1 stopped" });
});
