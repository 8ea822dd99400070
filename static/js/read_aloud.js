// Reads one answer aloud, also while it is still being written. It knows no button.

import { tokensIn } from "./markdown.js";
import { LIVE } from "./message_store.js";
import { SentenceQueue } from "./sentence_queue.js";
import { mouth } from "./server_voice.js";
import { sentencesOf } from "./speakable.js";

/** row is live data. voices: this server's. over(failure?): all of it is said, or the browser could not. Returns {go(): it has grown, stop()}. */
export function readAloud(row, voices, over) {
  const { say, soon, stop: silence } = mouth(voices);
  const begun = row.text;
  const queue = new SentenceQueue({
    ready: () => {
      const live = LIVE.has(row.status);
      return { sentences: sentencesOf(tokensIn(row.text, { live }), { growing: live }), ended: !live };
    },
    say,
    soon,
    over: (failure) => {
      silence();
      over(failure);
    },
  });
  const stop = () => {
    queue.stop();
    silence();
  };
  const go = () => {
    if (row.text.startsWith(begun)) return queue.go();
    stop(); // it was edited: what was said is not in it any more
    over();
  };
  queue.go();
  return { go, stop };
}
