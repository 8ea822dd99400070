// The small words of the page: places, times, figures, keys, groups.

import assert from "node:assert/strict";
import { test } from "node:test";
import { score } from "../../static/js/ajax_form.js";
import { lastSentenceEnd } from "../../static/js/announcer.js";
import { ago, brief, labelOf, ordinal, queuePlace, replyStats, seconds, shorten } from "../../static/js/format.js";
import { n } from "../../static/js/words.js";

test("ordinals", () => assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 102].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd"]));

test("things are counted", () => assert.deepEqual([0, 1, 1200].map((count) => n(count, "{count} chat", "{count} chats")), ["0 chats", "1 chat", "1,200 chats"]));

test("how long ago", () => {
  const now = new Date("2026-11-21T12:00:00Z");
  const said = (seconds) => ago(new Date(now - seconds * 1000), now);
  assert.deepEqual([-5, 30, 61, 3599, 3600, 90_000].map(said), ["just now", "just now", "1 min ago", "59 min ago", "1 h ago", "1 d ago"]);
  assert.match(said(8 * 86_400), /^on .*2026/);
});

test("the place in the queue", () => {
  assert.equal(queuePlace(undefined), "Thinking…");
  assert.equal(queuePlace(0, 3), "Thinking…");
  assert.equal(queuePlace(1, 4), "Next in line, about 4.0 s");
  assert.equal(queuePlace(3, 12.4), "3rd in line, about 12 s");
  assert.equal(queuePlace(2, 0), "2nd in line");
});

test("durations", () => assert.deepEqual([0.25, 3.21, 42.4, 130].map(seconds), ["250 ms", "3.2 s", "42 s", "2 min"]));

test("the figures of a reply", () => {
  assert.equal(replyStats({}), "");
  assert.match(replyStats({ tokens: { completion: 41, prompt: 1200, cached: 1000 }, timing: { total_ms: 4200, first_token_ms: 200 } }), /^41 tokens · 4\.2 s · 10 tok\/s\nFirst word after 200 ms\nRead 1,200 tokens, 1,000 remembered$/);
});

test("sentences end where they end", () => {
  assert.equal(lastSentenceEnd("One. Two"), 5);
  assert.equal(lastSentenceEnd("no end yet"), 0);
  assert.equal(lastSentenceEnd("A line\nand"), 7);
});

test("groups of the sidebar", () => {
  const now = new Date(2026, 10, 21, 1, 0);
  const at = (...parts) => new Date(...parts).toISOString();
  assert.equal(labelOf(at(2026, 10, 21, 0, 30), now), "Today");
  assert.equal(labelOf(at(2026, 10, 20, 23, 59), now), "Yesterday");
  assert.equal(labelOf(at(2026, 10, 15, 12), now), "Previous 7 days");
  assert.equal(labelOf(at(2026, 8, 2), now), "September 2026");
});

test("long titles are cut", () => assert.equal(shorten("a".repeat(50), 10), `${"a".repeat(9)}…`));

test("the rough strength of a password", () => {
  assert.equal(score(""), 0);
  assert.equal(score("aaaaaaaaaaaa"), 1);
  assert.ok(score("correct horse battery") > score("password"));
});

test("a table's times are brief, and of another year only the day", () => {
  const now = new Date(2026, 10, 28, 12, 0);
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }).format(now);
  const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" }).format(now);
  assert.equal(brief(now, now).replaceAll("\u00a0", " "), `${day}, ${clock}`.replace(/\s/g, " "));
  assert.equal(brief(now, now).split(/ /).length, 2); // breaks between day and time alone
  assert.match(brief(new Date(2025, 2, 3), now), /2025/);
  assert.doesNotMatch(brief(new Date(2025, 2, 3), now), /:/);
});
