// The browser's CacheStorage as far as Echo uses it: caches by name, answers by address in the order in which they were put.

const addressOf = (request) => new URL(request.url ?? request, "https://echo.test").href;

class Cache {
  constructor() { this.entries = new Map(); }
  async match(request) { return this.entries.get(addressOf(request))?.clone(); }
  async put(request, answer) { this.entries.set(addressOf(request), answer); }
  async delete(request) { return this.entries.delete(addressOf(request)); }
  async keys() { return [...this.entries.keys()].map((url) => ({ url })); }
  async add(request) { await this.put(request, await globalThis.fetch(request)); }
}

export class CacheStorage {
  constructor() { this.all = new Map(); }
  async open(name) {
    if (!this.all.has(name)) this.all.set(name, new Cache());
    return this.all.get(name);
  }
  async keys() { return [...this.all.keys()]; }
  async delete(name) { return this.all.delete(name); }
  async match(request, { cacheName } = {}) {
    for (const [name, cache] of this.all) {
      const found = (!cacheName || name === cacheName) && await cache.match(request);
      if (found) return found;
    }
    return undefined;
  }
  async names() {
    return [...this.all].map(([name, cache]) => [name, [...cache.entries.keys()].map((url) => new URL(url).pathname)]);
  }
}
