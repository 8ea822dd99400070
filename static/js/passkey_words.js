// The small parts of passkeys that need no browser: bytes as text and back, and what to say when it does not work.

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
  NotAllowedError: "Nothing was chosen, or it took too long. You can try again.",
  AbortError: "That was cancelled. You can try again.",
  InvalidStateError: "This device has a passkey for your account already.",
  NotSupportedError: "This device cannot make the kind of passkey that is needed. Try another device.",
  SecurityError: "Passkeys do not work at this address: they need https and a name, or localhost.",
  ConstraintError: "This device cannot check that it is you. Set up a screen lock or a PIN first, or try another device.",
};

/** What to do after a failure, by the name that the browser gave it. */
export const wordsFor = (name) => WORDS[name] ?? "That did not work. Try again, or use another way.";

/** The text of the file: what the codes are for stands above them. */
export function codesFile(codes, host) {
  return [`Recovery codes for Echo at ${host}`, "Each works once in place of the second step.", "", ...codes, ""].join("\r\n");
}
