// Reads one answer aloud, also while it is still being written. It knows no button.

import { tokensIn } from "./markdown.js";
import { LIVE } from "./message_store.js";
import { SentenceQueue } from "./sentence_queue.js";
import { sentencesOf } from "./speakable.js";
import { utter } from "./voices.js";

/** row is live data. over(failure?): all of it is said, or the browser could not. Returns {go(): it has grown, stop()}. */
export function readAloud(row, over) {
  const begun = row.text;
  const queue = new SentenceQueue({
    ready: () => {
      const live = LIVE.has(row.status);
      return { sentences: sentencesOf(tokensIn(row.text, { live }), { growing: live }), ended: !live };
    },
    say: utter,
    over,
  });
  const stop = () => {
    queue.stop();
    speechSynthesis.cancel();
  };
  const go = () => {
    if (row.text.startsWith(begun)) return queue.go();
    stop(); // it was edited: what was said is not in it any more
    over();
  };
  speechSynthesis.cancel(); // what another page left in the browser's queue
  queue.go();
  return { go, stop };
}
