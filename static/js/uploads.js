// Files on their way up, with their progress; documents go one after another. It knows no page.

import { csrfToken, post, RequestError } from "./http.js";
import { t } from "./words.js";

let line = Promise.resolve(); // many at once would be refused as too fast

/** Sends a form with a file; `told` hears which part of it is up (fetch tells none). `done` is a promise of the answer; `abort` ends it. */
export function sendUp(url, body, told, offline = t("No connection. Try again when you are online.")) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => told(loaded / total);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not Echo's answer */ }
      if (request.status < 300) resolve(answer);
      else reject(new RequestError(request.status, answer, Number(request.getResponseHeader("Retry-After")) || null));
    };
    request.onerror = request.onabort = () => reject(new RequestError(0, { message: offline }));
    request.open("POST", url);
    for (const [name, value] of Object.entries({ "X-CSRFToken": csrfToken(), "X-Requested-With": "XMLHttpRequest", Accept: "application/json" })) request.setRequestHeader(name, value);
    request.send(body);
  });
  return { done, abort: () => request.abort() };
}

/** Puts a file into a chat when those before it are there; `ended` (of its chip) ends it. Resolves with what the server knows of it. */
export function attach(file, chip, conversation, told) {
  const done = line.then(() => put(file, chip, conversation, told));
  line = done.catch(() => {});
  return done;
}

async function put(file, { name, ended: { signal } }, conversation, told) {
  const before = conversation.id;
  const body = new FormData();
  body.set("file", file, name);
  if (before !== null) body.set("conversation_id", before);
  const answer = await patiently(() => {
    const { done, abort } = sendUp("/api/documents", body, told, t("no connection."));
    signal.addEventListener("abort", abort);
    return done;
  }, signal);
  if (before === null && conversation.id !== null) await patiently(() => post(`/api/conversations/${conversation.id}/documents`, { document_id: answer.id }), signal); // it began meanwhile
  return answer;
}

/** What the server refuses for now is done again when it says. */
export async function patiently(act, signal = null) {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (error.status !== 429) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 1000 * (error.retryAfter ?? 1)); });
    }
  }
}
