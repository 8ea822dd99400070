// The chats looked at last are kept, the others forgotten.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentChats } from "../../static/js/recent_chats.js";

const chat = (id) => ({ id, owns: (message) => message === `m${id}` });

test("eight are kept, the one looked at longest ago goes first", () => {
  const recent = new RecentChats();
  for (let id = 1; id <= 8; id += 1) recent.keep(chat(id));
  recent.keep(chat(1));
  recent.keep(chat(9));
  assert.deepEqual([...recent.keys()], [3, 4, 5, 6, 7, 8, 1, 9]);
});

test("whose a message is", () => {
  const recent = new RecentChats();
  recent.keep(chat(1));
  assert.equal(recent.owning("m1").id, 1);
  assert.equal(recent.owning("m2"), undefined);
});
