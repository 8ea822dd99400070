// What the dialog says of a link: to whom, until when, how often opened.

import assert from "node:assert/strict";
import { test } from "node:test";

import { stateInWords } from "../../static/js/share_dialog.js";

const NOW = new Date("2026-05-01T12:00:00Z");
const words = (state) => stateInWords({ visibility: "public", expires_at: null, opened: 0, ...state }, NOW);

test("who can read it, and until when", () => {
  assert.match(words({}), /^Everybody who has the link can read this copy, until you stop it\./);
  assert.match(words({ visibility: "signed-in" }), /^Everybody with an account here can/);
  assert.match(words({ expires_at: "2026-05-08T12:00:00Z" }), /, until May\s8, /);
});

test("how often it was opened", () => {
  assert.match(words({}), /Nobody else has opened it yet\.$/);
  assert.match(words({ opened: 1 }), /Others have opened it once\.$/);
  assert.match(words({ opened: 2 }), /Others have opened it 2 times\.$/);
});
