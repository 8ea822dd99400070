// Theme, text size, send key and whether one is told of answers: kept in the browser, applied at once. base.html applies the first two before the first paint.

const read = (name) => { try { return localStorage.getItem(`echo.${name}`); } catch { return null; } };
const write = (name, value) => { try { localStorage.setItem(`echo.${name}`, value); } catch { /* for this page only, then */ } };

export const preferences = {
  get theme() { return read("theme") ?? "system"; },
  get text() { return read("text") ?? "normal"; },
  get sendKey() { return read("send-key") ?? "enter"; },
  get notify() { return read("notify") ?? "ask"; },
  get dictation() { return read("dictation") ?? ""; }, // a language's code; none: the model finds out
};

export function setTheme(value) {
  write("theme", value);
  apply("theme", value === "system" ? null : value);
}

export function setText(value) {
  write("text", value);
  apply("text", value === "normal" ? null : value);
}

export function setSendKey(value) {
  write("send-key", value);
}

/** on, off, or ask: nobody was asked yet. */
export function setNotify(value) {
  write("notify", value);
}

export function setDictation(value) {
  write("dictation", value);
}

function apply(name, value) {
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
  if (name === "theme") paintAround(value);
}

/** What the browser paints around the page follows a theme that was chosen here. */
function paintAround(theme) {
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
    const { scheme } = meta.dataset;
    meta.media = !theme ? `(prefers-color-scheme: ${scheme})` : theme === scheme ? "all" : "not all";
  }
}

paintAround(["light", "dark"].find((theme) => theme === preferences.theme));

/** Another tab changed it. */
addEventListener("storage", ({ key, newValue }) => {
  if (key === "echo.theme") apply("theme", newValue === "system" ? null : newValue);
  if (key === "echo.text") apply("text", newValue === "normal" ? null : newValue);
});
