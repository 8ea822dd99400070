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

/** A form body from plain pairs. */
export const fields = (pairs) => new URLSearchParams(pairs);
