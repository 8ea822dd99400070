// Which files may be attached, and which passages an answer names.

import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNot } from "../../static/js/attachments.js";
import { cited } from "../../static/js/sources.js";

const LIMITS = { document_bytes: 20_000_000 };

test("what cannot be attached is said before it is sent", () => {
  const why = (file) => whyNot({ name: "a.txt", type: "text/plain", size: 1, ...file }, LIMITS);
  assert.equal(why({}), null);
  assert.equal(why({ size: LIMITS.document_bytes }), null);
  assert.match(why({ size: LIMITS.document_bytes + 1 }), /^“a.txt” is larger than 20 MB/);
  assert.match(why({ size: 0 }), /is empty/);
  for (const type of ["image/png", "image/jpeg", "image/webp", "image/gif"]) assert.equal(why({ type }), null);
  for (const type of ["image/svg+xml", "image/heic", "image/bmp"]) assert.match(why({ type }), /of another kind/);
});

test("the numbers that an answer names", () => {
  assert.deepEqual([...cited("As said [1], and again [2, 10] [1].")], [1, 2, 10]);
  assert.deepEqual([...cited("No [a], no [], no 3, no [link](x)")], []);
});
