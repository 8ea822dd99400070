// Has a piece of sound written down by this server. It keeps neither.

import { csrfToken } from "./http.js";
import { t } from "./words.js";

const WHERE = "/v1/audio/transcriptions";

/** before: words that stand before it; language: a code, or empty to have it found out. Resolves with what was said. */
export async function writtenDown(blob, { before = "", language = "", signal }) {
  const body = new FormData();
  body.set("file", blob, `speech.${/mp4|ogg/.exec(blob.type)?.[0] ?? "webm"}`);
  body.set("prompt", before);
  if (language) body.set("language", language);
  const response = await fetch(WHERE, { method: "POST", body, signal, headers: { Accept: "application/json", "X-CSRFToken": csrfToken() }, credentials: "same-origin" })
    .catch((error) => { throw error.name === "AbortError" ? error : new Error(t("No connection. What you said last was not written down.")); });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error?.message ?? answer.message ?? t("What you said last could not be written down. Try again."));
  return answer.text ?? "";
}
