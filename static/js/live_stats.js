// The engine's live numbers as texts. Knows no page and no socket.

const ENGINE = { ready: "ready", loading: "loading", restarting: "restarting", failed: "failed", stopped: "stopped" };

export function shownStats(stats) {
  return {
    generating: count(stats.generating),
    waiting: count(stats.waiting),
    tokens_per_second: count(stats.tokens_per_second),
    connected: count(stats.connected),
    engine: ENGINE[stats.engine] ?? stats.engine,
  };
}

/** One model's numbers, as its card on the page of models shows them. */
export function shownModel({ tokens_per_second, running, waiting, finished, failed, cancelled }) {
  return {
    speed: tokens_per_second ? `${count(tokens_per_second)} tokens/s` : "idle",
    now: `${count(running)} answering, ${count(waiting)} waiting`,
    answers: [count(finished), failed && `${count(failed)} failed`, cancelled && `${count(cancelled)} stopped`].filter(Boolean).join(", "),
  };
}

function count(value) {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
}
