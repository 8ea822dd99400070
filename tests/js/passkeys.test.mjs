// Bytes as text and back, and the words for what went wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codesFile, fromBase64url, toBase64url, withBytes, wordsFor } from "../../static/js/passkey_words.js";

test("bytes survive the way there and back", () => {
  for (const bytes of [[], [0], [255, 254, 253], [251, 240], Array.from({ length: 256 }, (_, at) => at)]) {
    const text = toBase64url(Uint8Array.from(bytes).buffer);
    assert.match(text, /^[\w-]*$/);
    assert.deepEqual([...fromBase64url(text)], bytes);
    assert.equal(text, Buffer.from(bytes).toString("base64url"));
  }
});

test("options get bytes where the browser wants them, and nothing else changes", () => {
  const made = withBytes({ rpId: "localhost", challenge: "AQI", allowCredentials: [{ id: "_w", type: "public-key" }] });
  assert.deepEqual(made, { rpId: "localhost", challenge: Uint8Array.of(1, 2), allowCredentials: [{ id: Uint8Array.of(255), type: "public-key" }] });
  const asked = { challenge: "", user: { id: "AQ", name: "ada" }, excludeCredentials: [] };
  assert.deepEqual(withBytes(asked).user, { id: Uint8Array.of(1), name: "ada" });
  assert.equal(asked.user.id, "AQ");
});

test("each failure says what to do", () => {
  for (const name of ["NotAllowedError", "AbortError", "InvalidStateError", "NotSupportedError", "SecurityError", "ConstraintError", "TypeError", undefined]) assert.match(wordsFor(name), /\.$/);
  assert.notEqual(wordsFor("SecurityError"), wordsFor("TypeError"));
});

test("the file says what its codes are for", () => {
  const lines = codesFile(["aaaaa-bbbbb", "ccccc-ddddd"], "chat.example.org").split("\r\n");
  assert.match(lines[0], /chat\.example\.org/);
  assert.deepEqual(lines.slice(-3), ["aaaaa-bbbbb", "ccccc-ddddd", ""]);
});
