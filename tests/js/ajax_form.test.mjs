// A form is sent once, however often it is pressed, and can be sent again when the answer is there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sendingOnce } from "../../static/js/ajax_form.js";

test("what is pressed while a form is being sent does nothing", async () => {
  const form = { dataset: {} };
  let sent = 0;
  let answer;
  const send = () => { sent += 1; return new Promise((resolve) => { answer = resolve; }); };
  const first = sendingOnce(form, null, send);
  await sendingOnce(form, null, send);
  assert.equal(sent, 1);
  answer();
  await first;
  sendingOnce(form, null, send);
  assert.equal(sent, 2);
});

test("after a failure it can be sent again, and another form at any time", async () => {
  const form = { dataset: {} };
  await assert.rejects(sendingOnce(form, null, () => Promise.reject(new Error("refused"))), /refused/);
  let sent = 0;
  await Promise.all([form, { dataset: {} }].map((each) => sendingOnce(each, null, async () => { sent += 1; })));
  assert.equal(sent, 2);
});
