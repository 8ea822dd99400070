// Small requests to Echo's own pages, with the CSRF token and readable errors. No DOM but the token's meta element.

import { t } from "./words.js";

export class RequestError extends Error {
  constructor(status, { message, field = null, code = null } = {}, retryAfter = null) {
    super(message ?? t("That did not work. Try again."));
    Object.assign(this, { status, field, code, retryAfter });
  }
}

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

export const post = (url, body = null) => send("POST", url, body);
export const get = (url) => send("GET", url);
export const remove = (url) => send("DELETE", url);

/** body: an object (sent as JSON), FormData or nothing. Resolves with the JSON answer. */
export async function send(method, url, body = null) {
  const isForm = body instanceof FormData || body instanceof URLSearchParams;
  const headers = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": csrfToken() };
  if (body && !isForm) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, { method, headers, body: body && !isForm ? JSON.stringify(body) : body, credentials: "same-origin" });
  } catch {
    throw new RequestError(0, { message: t("No connection. Try again when you are online.") });
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok && answer.status !== "error") return answer;
  throw new RequestError(response.status, answer, Number(response.headers.get("Retry-After")) || null);
}

/** Sends a form with a file; `told` hears which part of it is up (fetch tells none). `done` is a promise of the answer; `abort` ends it. */
export function sendUp(url, body, told, offline = t("No connection. Try again when you are online.")) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => told(loaded / total);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not Echo's answer */ }
      if (request.status < 300) resolve(answer);
      else reject(new RequestError(request.status, answer));
    };
    request.onerror = request.onabort = () => reject(new RequestError(0, { message: offline }));
    request.open("POST", url);
    for (const [name, value] of Object.entries({ "X-CSRFToken": csrfToken(), "X-Requested-With": "XMLHttpRequest", Accept: "application/json" })) request.setRequestHeader(name, value);
    request.send(body);
  });
  return { done, abort: () => request.abort() };
}

/** Asks for a file and has the browser keep it, under the name that the server gives it. */
export async function sendForFile(url, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": csrfToken() };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" }).catch(() => {
    throw new RequestError(0, { message: t("No connection. Try again when you are online.") });
  });
  if (!response.ok) throw new RequestError(response.status, await response.json().catch(() => ({})));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))?.[1] ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A form body from plain pairs. */
export const fields = (pairs) => new URLSearchParams(pairs);
