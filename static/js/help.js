// The help page's search while one types: the server's own answer, put in place of the list. Without a script the form does it.

const form = document.getElementById("help-search");
const field = form.elements.q;
const results = document.getElementById("help-results");
const PAUSE = 180;
let timer = 0;
let latest = 0;

const addressFor = (query) => (query ? `${form.action}?${new URLSearchParams({ q: query })}` : form.action);

async function search() {
  const turn = (latest += 1);
  const address = addressFor(field.value.trim());
  let page;
  try {
    const response = await fetch(address, { credentials: "same-origin" });
    if (!response.ok) return;
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return; // no connection: the list stays, and the button still asks
  }
  if (turn !== latest) return; // something else was typed meanwhile
  results.replaceChildren(...page.getElementById("help-results").children);
  history.replaceState(null, "", address);
}

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, PAUSE);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  search();
});
