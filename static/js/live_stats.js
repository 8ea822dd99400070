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

function count(value) {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
}
