// The engine's live numbers as texts. Knows no page and no socket.

import { number, t } from "./words.js";

const ENGINE = { ready: t("ready"), loading: t("loading"), restarting: t("restarting"), failed: t("failed"), stopped: t("stopped") };

export function shownStats(stats) {
  return {
    generating: count(stats.generating),
    waiting: count(stats.waiting),
    tokens_per_second: count(stats.tokens_per_second),
    connected: count(stats.connected),
    processes: count(stats.processes),
    engine: ENGINE[stats.engine] ?? stats.engine,
  };
}

/** One model's numbers, as its card on the page of models shows them. */
export function shownModel({ tokens_per_second, running, waiting, finished, failed, cancelled }) {
  return {
    speed: tokens_per_second ? t("{count} tokens/s", { count: count(tokens_per_second) }) : t("idle"),
    now: t("{running} answering, {waiting} waiting", { running: count(running), waiting: count(waiting) }),
    answers: [count(finished), failed && t("{count} failed", { count: count(failed) }), cancelled && t("{count} stopped", { count: count(cancelled) })].filter(Boolean).join(", "),
  };
}

function count(value) {
  return Number.isFinite(value) ? number(Math.round(value)) : "–";
}
