// Where dictation cuts, and how its words are joined with what stands there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SpeechPieces, clock, gap } from "../../static/js/speech_pieces.js";

const LOOK = 50;
const TALK = 0.1; // whoever talks is quiet for a moment now and then
const pieces = (...levels) => {
  const made = new SpeechPieces();
  const cuts = [];
  let at = 0;
  for (const [level, ms] of levels) for (let passed = 0; passed < ms; passed += LOOK) {
    at += LOOK;
    const now = level === TALK && at % 400 === 0 ? 0.004 : level;
    if (made.hear(now, LOOK)) {
      cuts.push([at, made.hasSpeech]);
      made.begin();
    }
  }
  return { cuts, last: made };
};

test("a pause after speech ends a piece, a breath does not", () => {
  assert.deepEqual(pieces([TALK, 2000], [0, 300], [TALK, 1000], [0, 1000]).cuts, [[4100, true]]);
  assert.deepEqual(pieces([TALK, 400], [0, 2000]).cuts, [[1500, true]]);
});

test("a question ends after a longer pause, however short it is", () => {
  const made = new SpeechPieces({ pause: 1200, shortest: 0 });
  let at = 0;
  for (const [level, ms] of [[TALK, 300], [0, 900], [TALK, 200]]) for (let passed = 0; passed < ms; passed += LOOK) assert.equal(made.hear(level, LOOK), false, String(at += LOOK));
  while (!made.hear(0, LOOK)) at += LOOK;
  assert.deepEqual([at, made.isPause, made.hasSpeech], [1400 + 1150, true, true]);
});

test("a run of speech outlasts a cut, and a moment of quiet, and ends with a pause", () => {
  const made = new SpeechPieces();
  for (const [level, run] of [[TALK, 50], [TALK, 100], [0, 50], [TALK, 100]]) {
    made.hear(level, LOOK);
    assert.equal(made.run, run);
  }
  made.begin();
  assert.equal(made.run, 100);
  for (let passed = 0; passed < 500; passed += LOOK) made.hear(0, LOOK);
  assert.equal(made.run, 0);
});

test("silence is never sent, however long, nor is a click", () => {
  const { cuts, last } = pieces([0.001, 60_000]);
  assert.ok(cuts.every(([, isSpeech]) => !isSpeech));
  assert.equal(last.hasSpeech, false);
  assert.equal(pieces([0, 500], [0.3, 50], [0, 3000]).last.hasSpeech, false);
});

test("a noisy room is no speech, and speech above it is", () => {
  const room = pieces([0.02, 8000]);
  room.last.begin();
  for (let passed = 0; passed < 2000; passed += LOOK) room.last.hear(0.02, LOOK);
  assert.equal(room.last.hasSpeech, false);
  for (let passed = 0; passed < 500; passed += LOOK) room.last.hear(0.2, LOOK);
  assert.equal(room.last.hasSpeech, true);
});

test("whoever never pauses is cut before the model's thirty seconds; where no level is known, by time alone", () => {
  for (const level of [TALK, null]) assert.deepEqual(pieces([level, 51_000]).cuts, [[25_000, true], [50_000, true]]);
});

test("while what was said before is being written down, a piece goes on", () => {
  const busy = new SpeechPieces();
  for (let passed = 0; passed < 4000; passed += LOOK) assert.equal(busy.hear(passed < 1000 ? TALK : 0, LOOK, true), false);
  assert.equal(busy.hear(0, LOOK), true);
});

test("words are joined as one writes", () => {
  for (const [before, words, between] of [["", "Hi", ""], ["Hi", "there", " "], ["Hi ", "there", ""], ["Hi\n", "there", ""], ["Hi", ", there", ""], ["Hi", "…", ""]]) assert.equal(gap(before, words), between, before + words);
});

test("times", () => assert.deepEqual([0, 7400, 61_000, 600_000].map(clock), ["0:00", "0:07", "1:01", "10:00"]));
