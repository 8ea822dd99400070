// What the service worker keeps, what it lets pass, whom it shows what was stored, and that a new release leaves nothing of the old.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { CacheStorage } from "./cache_storage.mjs";

const TEXT = readFileSync(new URL("../../static/service_worker.js", import.meta.url), "utf8");
const soon = () => Math.round(Date.now() / 1000) + 60;

function worker({ online = true, mark = null, release = "new" } = {}) {
  const listeners = {};
  const asked = [];
  const tabs = [];
  const state = { online, mark };
  const self = {
    location: new URL("https://echo.test/sw.js"),
    addEventListener: (name, act) => { listeners[name] = act; },
    skipWaiting: async () => {},
    clients: { claim: async () => {}, matchAll: async () => tabs, openWindow: async (path) => asked.push(`window ${path}`) },
    cookieStore: { get: async () => (state.mark === null ? null : { value: state.mark }), delete: async () => { state.mark = null; } },
  };
  const caches = new CacheStorage();
  const fetch = async (request) => {
    asked.push(new URL(request.url).pathname);
    if (!state.online) throw new TypeError("no connection");
    return new Response(`from the network: ${new URL(request.url).pathname}`);
  };
  runInContext(`const RELEASE = ${JSON.stringify(release)};\n${TEXT}`, createContext({ self, caches, fetch, URL, Response, Date }));
  const fire = async (name, event) => {
    const waited = [];
    let answer = null;
    listeners[name]({ ...event, waitUntil: (until) => waited.push(until), respondWith: (given) => { answer = given; } });
    await Promise.all(waited);
    return answer;
  };
  const ask = (path, { method = "GET", mode = "cors" } = {}) => fire("fetch", { request: { url: new URL(path, "https://echo.test").href, method, mode } });
  const go = (path) => ask(path, { mode: "navigate" });
  return { caches, state, asked, tabs, fire, ask, go, self };
}

async function stored(one, account = "7") {
  const cache = await one.caches.open(`echo-private-${account}`);
  await cache.put("/.stored/page", new Response("as it was stored", { headers: { "X-Echo-Release": "new" } }));
  await cache.put("/.stored/chats/a", new Response("{}"));
}

const text = async (answer) => (await answer).text();

test("a chat is opened from the network while there is one, else as it was stored", async () => {
  const one = worker({ mark: `7.${soon()}` });
  await stored(one);
  for (const path of ["/", "/c/abc"]) assert.equal(await text(await one.go(path)), `from the network: ${path}`);
  one.state.online = false;
  for (const path of ["/", "/c/abc"]) assert.equal(await text(await one.go(path)), "as it was stored");
});

test("without anything stored it says so, in the language of the pages that were read last", async () => {
  const one = worker({ online: false });
  assert.match(await text(await one.go("/")), /<html lang="en" dir="ltr">[^]*<h1>You are offline<\/h1>[^]*>Try again</);
  const files = await one.caches.open("echo-static-new");
  await files.put("https://echo.test/static/words/ar.js?v=new", new Response('globalThis.echoWords={"You are offline":"أنت غير متصل","{count} chat":["a","b"]};\n'));
  const page = await text(await one.go("/"));
  assert.match(page, /<html lang="ar" dir="rtl">[^]*<h1>أنت غير متصل<\/h1>/);
  assert.match(page, />Try again</); // no translation yet
});

test("everything else passes by untouched", async () => {
  const one = worker({ mark: `7.${soon()}` });
  for (const path of ["/login", "/admin/", "/profile", "/help", "/logout", "/?q=1", "/c/a/b", "/share/x", "https://other.test/"]) assert.equal(await one.go(path), null, path);
  for (const path of ["/api/conversations", "/socket.io/?EIO=4", "/conversations", "/quota", "/", "/c/a", "/pictures/1", "/sw.js"]) assert.equal(await one.ask(path), null, path);
  for (const path of ["/", "/c/a", "/static/js/x.js?v=new", "/logout"]) assert.equal(await one.ask(path, { method: "POST", mode: "navigate" }), null, path);
  assert.deepEqual(one.asked, []);
  assert.deepEqual(await one.caches.names(), []);
});

test("nothing is shown to whom the mark does not name, and it is deleted", async () => {
  for (const mark of [null, "", "7", `7.${soon() - 120}`, `8.${soon()}`, `.${soon()}`]) {
    const one = worker({ online: false, mark });
    await stored(one);
    const shown = await text(await one.go("/"));
    assert.match(shown, /You are offline/, String(mark));
    assert.doesNotMatch(shown, /as it was/, String(mark));
    if (!mark?.startsWith("8.")) assert.deepEqual(await one.caches.names(), [], String(mark));
  }
  const blind = worker({ online: false, mark: `7.${soon()}` });
  await stored(blind);
  delete blind.self.cookieStore; // a browser whose workers cannot read cookies
  assert.match(await text(await blind.go("/")), /You are offline/);
});

test("signing out deletes what was stored before the server has answered", async () => {
  const one = worker({ mark: `7.${soon()}` });
  await stored(one);
  await stored(one, "8");
  assert.equal(await one.ask("/logout", { method: "POST", mode: "navigate" }), null);
  assert.deepEqual(await one.caches.names(), []);
  assert.equal(one.state.mark, null);
});

test("files of this release are kept, others are not", async () => {
  const one = worker();
  const files = ["/static/js/a.js?v=new", "/static/vendor/fonts/inter.woff2", "/static/js/b.js?v=old", "/static/js/c.js"];
  for (const path of files) assert.match(await text(await one.ask(path)), /from the network/);
  assert.deepEqual(await one.caches.names(), [["echo-static-new", ["/static/js/a.js", "/static/vendor/fonts/inter.woff2"]]]);
  one.state.online = false;
  assert.match(await text(await one.ask(files[0])), /from the network/, "as it came before");
  await assert.rejects(() => one.ask(files[2]).then((answer) => answer));
});

test("a new release takes the place of the old", async () => {
  const one = worker();
  for (const name of ["echo-static-old", "echo-static-new", "another-of-this-address"]) await (await one.caches.open(name)).put("/static/x", new Response(""));
  const cache = await one.caches.open("echo-private-7");
  await cache.put("/.stored/page", new Response("", { headers: { "X-Echo-Release": "old" } }));
  await cache.put("/.stored/chats/a", new Response("{}"));
  await one.fire("activate", {});
  assert.deepEqual(await one.caches.names(), [["echo-static-new", ["/static/x"]], ["another-of-this-address", ["/static/x"]], ["echo-private-7", ["/.stored/chats/a"]]]);
});

test("a click on a notification leads to the chat, in a tab that is there or a new one", async () => {
  const one = worker();
  const click = () => one.fire("notificationclick", { notification: { close() {}, data: { path: "/c/a" } } });
  await click();
  const told = [];
  one.tabs.push({ url: "https://echo.test/profile" }, { url: "https://echo.test/c/b", postMessage: (message) => told.push({ ...message }), focus: async () => told.push("focus") });
  await click();
  assert.deepEqual([one.asked, told], [["window /c/a"], [{ open: "/c/a" }, "focus"]]);
});
