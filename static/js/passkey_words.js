// The small parts of passkeys that need no browser: bytes as text and back, and what to say when it does not work.

import { t } from "./words.js";

export function toBase64url(buffer) {
  const text = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64url(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** The server's options, with bytes where the browser wants bytes. */
export function withBytes(options) {
  const made = { ...options, challenge: fromBase64url(options.challenge) };
  if (options.user) made.user = { ...options.user, id: fromBase64url(options.user.id) };
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (options[list]) made[list] = options[list].map((one) => ({ ...one, id: fromBase64url(one.id) }));
  }
  return made;
}

const WORDS = {
  NotAllowedError: t("Nothing was chosen, or it took too long. You can try again."),
  AbortError: t("That was cancelled. You can try again."),
  InvalidStateError: t("This device has a passkey for your account already."),
  NotSupportedError: t("This device cannot make the kind of passkey that is needed. Try another device."),
  SecurityError: t("Passkeys do not work at this address: they need https and a name, or localhost."),
  ConstraintError: t("This device cannot check that it is you. Set up a screen lock or a PIN first, or try another device."),
};

/** What to do after a failure, by the name that the browser gave it. */
export const wordsFor = (name) => WORDS[name] ?? t("That did not work. Try again, or use another way.");

/** The text of the file: what the codes are for stands above them. */
export function codesFile(codes, host) {
  return [t("Recovery codes for Echo at {host}", { host }), t("Each works once in place of the second step."), "", ...codes, ""].join("\r\n");
}
