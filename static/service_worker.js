// Echo's service worker. Served as /sw.js with a line above this text that names the release, so that a new release is a new
// worker. It keeps Echo's own files, opens the chat page without a connection as the page has stored it, and answers clicks on
// notifications. It stores nothing of a person: static/js/offline.js does, static/js/stored.js forgets it. What is no static file
// and no opening of a chat passes by untouched: sockets, answers to programs, forms, sign-in and administrators' pages.

const FILES = `echo-static-${RELEASE}`;
const PRIVATE = "echo-private-";
const PAGE = "/.stored/page";
const HERE = "echo_here";
const SHEETS = ["tokens", "base", "forms"].map((name) => `<link rel="stylesheet" href="/static/css/${name}.css?v=${RELEASE}">`).join("");
const offline = (language, t) => `<!doctype html><html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}"><head><meta charset="utf-8"><title>${t("Offline")} · Echo</title><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="/static/img/favicon.svg?v=${RELEASE}">${SHEETS}</head>
<body class="night"><div class="page"><main class="page-main"><div class="error-page"><h1>${t("You are offline")}</h1>
<p class="lead">${t("No chats are stored in this browser, or nobody is signed in here.")}</p><a class="button primary" href="/">${t("Try again")}</a></div></main></div></body></html>`;
const WORDS = /\/static\/words\/(\w+)\.js$/;
const OFFLINE_POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(begin()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && pathname === "/logout") event.waitUntil(forget());
  else if (request.method === "GET" && pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.method === "GET" && request.mode === "navigate" && !search && /^\/(c\/[^/]+)?$/.test(pathname)) event.respondWith(page(request));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.path ?? "/"));
});

/** The files of other releases go, and pages that would ask for them. */
async function begin() {
  for (const name of await caches.keys()) {
    if (name.startsWith("echo-static-") && name !== FILES) await caches.delete(name);
    if (!name.startsWith(PRIVATE)) continue;
    const cache = await caches.open(name);
    const stored = await cache.match(PAGE);
    if (stored && stored.headers.get("X-Echo-Release") !== RELEASE) await cache.delete(PAGE);
  }
  await self.clients.claim();
}

async function forget() {
  await self.cookieStore?.delete(HERE);
  for (const name of await caches.keys()) if (name.startsWith(PRIVATE)) await caches.delete(name);
}

/** Files have their release in their address, or, as fonts, a name that changes with what they hold. */
async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  const { pathname, searchParams } = new URL(request.url);
  if (answer.status === 200 && (searchParams.get("v") === RELEASE || pathname.startsWith("/static/vendor/fonts/"))) {
    const copy = answer.clone();
    const cache = await caches.open(FILES);
    await cache.put(request, copy).catch(() => {}); // no room: the network has it
  }
  return answer;
}

/** In the language of the pages that were read last, whose words are among the files; else in English. */
async function offlinePage() {
  const cache = (await caches.keys()).includes(FILES) ? await caches.open(FILES) : null;
  const last = (await cache?.keys())?.findLast(({ url }) => WORDS.test(new URL(url).pathname));
  if (!last) return offline("en", (text) => text);
  const script = await (await cache.match(last)).text(); // globalThis.echoWords={…};
  const words = JSON.parse(script.slice(script.indexOf("{"), script.lastIndexOf("}") + 1));
  return offline(WORDS.exec(new URL(last.url).pathname)[1], (text) => words[text] ?? text);
}

/** From the network whenever there is one. */
async function page(request) {
  try {
    return await fetch(request);
  } catch {
    return (await storedPage()) ?? new Response(await offlinePage(), { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": OFFLINE_POLICY } });
  }
}

/** Of whoever the mark of the present session names, and of nobody when it has run out or cannot be read. */
async function storedPage() {
  const [account, until] = ((await self.cookieStore?.get(HERE))?.value ?? "").split(".");
  if (account && Number(until) * 1000 > Date.now()) return caches.match(PAGE, { cacheName: PRIVATE + account });
  await forget();
  return undefined;
}

async function open(path) {
  const tabs = await self.clients.matchAll({ type: "window" });
  const tab = tabs.find(({ url }) => /^\/(c\/|$)/.test(new URL(url).pathname));
  if (!tab) return self.clients.openWindow(path);
  tab.postMessage({ open: path });
  return tab.focus();
}
