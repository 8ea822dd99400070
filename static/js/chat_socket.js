// The one connection: connects, emits with acknowledgements as promises, hands every event on. It knows no DOM and no message.

import { liveSocket } from "./live_socket.js";
import { t } from "./words.js";

const EVENTS = [
  "message_started", "message_queued", "receive_message", "message_steps", "message_finished", "message_changed",
  "conversation_changed", "conversation_removed", "folders_changed", "presence_changed", "models_changed", "quota_changed", "banner_changed", "session_ended",
];
const ANSWER_WITHIN = 15000;

class ChatError extends Error {
  constructor({ code, text, field = null, retry_after = null }) {
    super(text);
    Object.assign(this, { code, text, field, retryAfter: retry_after });
  }
}

export class ChatSocket {
  /** on: {event(name, payload), up(), down(reason), refused(reason)} */
  constructor(on) {
    this.on = on;
    this.io = liveSocket({ reconnectionDelay: 300, reconnectionDelayMax: 4000, randomizationFactor: 0.4, timeout: 8000, autoConnect: false });
    this.io.on("connect", () => on.up());
    this.io.on("disconnect", (reason) => {
      on.down(reason);
      if (reason === "io server disconnect" && !this.ended) this.io.connect();
    });
    this.io.on("connect_error", (error) => (this.io.active ? on.down("unreachable") : on.refused(error.message)));
    for (const name of EVENTS) this.io.on(name, (payload) => on.event(name, payload));
    this.io.on("session_ended", () => { this.ended = true; });
    globalThis.addEventListener?.("online", () => this.#hurry());
    globalThis.document?.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
  }

  get connected() {
    return this.io.connected;
  }

  connect() {
    this.io.connect();
  }

  #hurry() {
    if (!this.io.connected && !this.ended && this.io.active) {
      this.io.disconnect();
      this.io.connect();
    }
  }

  /** Resolves with the acknowledgement, rejects with a ChatError. */
  async request(event, payload) {
    if (!this.io.connected) throw new ChatError({ code: "offline", text: t("You are offline.") });
    let answer;
    try {
      answer = await this.io.timeout(ANSWER_WITHIN).emitWithAck(event, payload);
    } catch {
      throw new ChatError({ code: this.io.connected ? "timeout" : "offline", text: t("The server did not answer.") });
    }
    if (answer?.ok) return answer;
    throw new ChatError(answer?.error ?? { code: "engine_failed", text: t("The server answered in a way Echo does not understand.") });
  }
}
