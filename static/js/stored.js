// What this browser keeps of a person for reading without a connection: whose it is, and how all of it is forgotten.
// The mark says who is signed in here: it is the service worker's only way to know, and lives no longer than the session.

const PRIVATE = "echo-private-"; // and the account: the caches of static/service_worker.js
const HERE = "echo_here";
let ended = false;

/** session: {remembered, idle_seconds, ends_at}, as the server says it lasts */
export function markHere(account, { remembered, idle_seconds: idle, ends_at: end }) {
  if (ended) return;
  const now = Math.round(Date.now() / 1000);
  const until = Math.min(now + idle, Math.round(new Date(end) / 1000));
  document.cookie = `${HERE}=${account}.${until}; path=/; samesite=lax${remembered ? `; max-age=${until - now}` : ""}${location.protocol === "https:" ? "; secure" : ""}`;
}

/** Where it is kept; null where the browser has no such place, or the session has ended meanwhile. */
export async function placeOf(account) {
  return ended || !globalThis.caches ? null : caches.open(PRIVATE + account);
}

/** Nothing of anybody is left, or of nobody but this account. */
export async function forgetStored(butFor = null) {
  if (butFor === null) {
    ended = true;
    document.cookie = `${HERE}=; path=/; samesite=lax; max-age=0`;
  }
  const names = (await globalThis.caches?.keys()) ?? [];
  await Promise.all(names.filter((name) => name.startsWith(PRIVATE) && name !== PRIVATE + butFor).map((name) => caches.delete(name)));
}
