// A connection whose server opens it and then says nothing: neither let in nor refused.

import assert from "node:assert/strict";
import { test } from "node:test";

const wires = [];
class Wire {
  constructor() {
    this.sent = [];
    wires.push(this);
    setImmediate(() => { this.onopen(); this.onmessage({ data: '0{"sid":"a","upgrades":[],"pingInterval":250000,"pingTimeout":200000,"maxPayload":100000}' }); });
  }
  send(data) { this.sent.push(data); }
  close() { this.onclose?.({}); }
}
globalThis.WebSocket = Wire;
globalThis.location = { protocol: "http:", hostname: "127.0.0.1", port: "1" };
globalThis.document = {};
const { liveSocket } = await import("../../static/js/live_socket.js");
const settled = async () => { for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };

for (const isLetIn of [false, true]) {
  test(`whoever is ${isLetIn ? "" : "neither "}let in ${isLetIn ? "stays" : "nor refused asks anew"}`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    wires.splice(0);
    const socket = liveSocket({ transports: ["websocket"] });
    await settled();
    assert.deepEqual(wires.map(({ sent }) => sent), [["40"]]);
    if (isLetIn) wires[0].onmessage({ data: '40{"sid":"b"}' });
    await settled();
    t.mock.timers.tick(15_001);
    await settled();
    assert.equal(socket.connected, isLetIn);
    assert.equal(wires.flatMap(({ sent }) => sent).filter((packet) => packet === "40").length, isLetIn ? 1 : 2);
    socket.disconnect();
  });
}
