// Passkeys: asks the browser for them and carries question and answer between it and the server. Knows no page's layout.

import { post } from "./http.js";
import { toBase64url, withBytes, wordsFor } from "./passkey_words.js";
import { toast } from "./toasts.js";

const known = () => Boolean(window.PublicKeyCredential && navigator.credentials?.get);
const offer = { stop: new AbortController(), ended: Promise.resolve() }; // inside the browser's own list of names

for (const place of document.querySelectorAll("[data-passkey]")) if (known()) prove(place);
for (const form of document.querySelectorAll("form[data-add-passkey]")) if (known()) register(form);

/** A button that signs in, takes the second step or confirms. */
function prove(place) {
  const button = place.querySelector("button");
  const purpose = place.dataset.passkey;
  place.hidden = false;
  button.addEventListener("click", () => during(button, place, async () => {
    offer.stop.abort();
    await offer.ended; // one challenge at a time: the server keeps the last that was asked for
    await signIn(purpose, {});
  }));
  if (purpose === "sign_in") offer.ended = offerInList(place);
}

/** The browser lists passkeys beside the names that it knows, where it can. Silent until one is chosen. */
async function offerInList(place) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false))) return;
  try {
    await signIn("sign_in", { mediation: "conditional", signal: offer.stop.signal });
  } catch (error) {
    if (error.status) say(place, error.message);
  }
}

async function signIn(purpose, how) {
  const { options } = await post("/login/passkey/options", { purpose });
  const credential = await navigator.credentials.get({ publicKey: withBytes(options), ...how });
  const remember = document.querySelector('input[name="remember"]')?.checked ?? false;
  follow(await post(`/login/passkey${location.search}`, { purpose, remember, credential: asJson(credential) }));
}

function register(form) {
  form.hidden = false;
  document.querySelector("[data-no-passkeys]")?.remove();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    during(form.querySelector("button"), form, async () => {
      const asked = await post("/passkeys/options", {});
      if (asked.status === "redirect") return follow(asked);
      const credential = await navigator.credentials.create({ publicKey: withBytes(asked.options) });
      follow(await post("/passkeys", { name: form.elements.name.value, credential: asJson(credential) }));
    });
  });
}

function follow(answer) {
  if (answer.status === "redirect") location.assign(answer.url);
}

async function during(button, place, work) {
  say(place, "");
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    say(place, error.status === undefined ? wordsFor(error.name) : error.message);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function say(place, words) {
  const region = place.querySelector("[data-passkey-error]");
  if (region) region.textContent = words;
  else if (words) toast(words, { kind: "error" });
}

/** What the server reads of a credential; the same fields as the standard's toJSON, which not every browser has. */
function asJson(credential) {
  const { response } = credential;
  const fields = { clientDataJSON: response.clientDataJSON };
  if (response.attestationObject) fields.attestationObject = response.attestationObject;
  else Object.assign(fields, { authenticatorData: response.authenticatorData, signature: response.signature, userHandle: response.userHandle });
  for (const [name, value] of Object.entries(fields)) fields[name] = value && toBase64url(value);
  const shown = { id: credential.id, rawId: toBase64url(credential.rawId), type: credential.type, response: fields };
  if (credential.authenticatorAttachment) shown.authenticatorAttachment = credential.authenticatorAttachment;
  return shown;
}
