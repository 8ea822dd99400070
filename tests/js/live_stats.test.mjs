// The engine's live numbers as texts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { shownStats } from "../../static/js/live_stats.js";

const stats = (more) => shownStats({ generating: 2, waiting: 0, tokens_per_second: 1234.6, connected: 17, engine: "ready", restarts: 0, ...more });

test("numbers are whole and grouped", () => {
  assert.deepEqual(stats(), { generating: "2", waiting: "0", tokens_per_second: "1,235", connected: "17", engine: "ready" });
});

test("what is absent is a dash, an unknown state is told as it is", () => {
  assert.equal(stats({ generating: undefined }).generating, "–");
  assert.equal(stats({ tokens_per_second: null }).tokens_per_second, "–");
  assert.equal(stats({ tokens_per_second: Number.NaN }).tokens_per_second, "–");
  assert.equal(stats({ engine: "restarting" }).engine, "restarting");
  assert.equal(stats({ engine: "asleep" }).engine, "asleep");
});
