// What is typed stays when a language is chosen and the page comes again in it. Passwords and files are not kept.

const KEY = "echo.typed";
const UNKEPT = ["password", "file", "hidden"];

/** language: the form whose choice brings the page again. */
export function keepFields(language) {
  restore();
  language?.addEventListener("submit", () => {
    const values = Object.fromEntries(fields().map((field) => [field.id, isTicked(field) ? field.checked : field.value]));
    try { sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, values })); } catch { /* storage may be forbidden: they are typed again */ }
  });
}

const fields = () => [...document.querySelectorAll("main :is(input, textarea, select)[id]")].filter(({ type }) => !UNKEPT.includes(type));

const isTicked = ({ type }) => type === "checkbox" || type === "radio";

function restore() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
  } catch { /* as above */ }
  if (kept?.path !== location.pathname) return;
  for (const field of fields()) {
    if (!(field.id in kept.values)) continue;
    if (isTicked(field)) field.checked = kept.values[field.id];
    else field.value = kept.values[field.id];
  }
}
