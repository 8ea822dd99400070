// The dialog with all personas: a search, the list, and the way to where they are made.

import { closesBeside, openDialog } from "./dialogs.js";
import { element, icon, iconButton } from "./icons.js";
import { matching } from "./matching.js";
import { pictureOf } from "./personas.js";
import { n, t } from "./words.js";

/** personas: {all, load(), choose(id), page: {manage()}} */
export function personaDialog(personas) {
  const field = element("input", { id: "persona-search", class: "input", type: "search", autocomplete: "off", spellcheck: "false", dir: "auto", oninput: () => draw() });
  const list = element("ul", { class: "persona-list" });
  const count = element("p", { class: "visually-hidden", role: "status" });
  const dialog = element("dialog", { class: "dialog personas", "aria-labelledby": "personas-title", onclose: () => dialog.remove() },
    element("div", { class: "dialog-head" }, element("h2", { id: "personas-title" }, t("Personas")), iconButton("close", t("Close"), () => dialog.close(), { "data-tip": null })),
    element("div", { class: "dialog-body" },
      element("div", { class: "field" }, element("label", { for: "persona-search" }, t("Search personas")), field),
      count, list,
      element("div", { class: "dialog-foot" }, element("button", { type: "button", class: "button small", onclick: () => { dialog.close(); personas.page.manage(); } }, icon("gear"), t("Your personas")))));

  const choose = (id) => { dialog.close(); personas.choose(id); };
  const row = (one) => element("li", {}, element("button", { type: "button", class: "persona-row", onclick: () => choose(one.id) },
    pictureOf(one), element("span", { class: "words" }, element("span", { class: "name", dir: "auto" }, one.name), one.description && element("small", { dir: "auto" }, one.description)),
    one.shared && element("span", { class: "persona-kind" }, t("for everybody"))));

  function draw() {
    const found = matching(field.value, personas.all, ({ name, description }) => `${name} ${description}`);
    list.replaceChildren(...found.map(row));
    count.textContent = found.length ? n(found.length, "{count} persona", "{count} personas") : t("No persona is called so.");
    count.classList.toggle("visually-hidden", found.length > 0);
  }

  dialog.addEventListener("keydown", (event) => {
    const rows = [...list.querySelectorAll("button")];
    const at = rows.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && rows.length) (rows[at + 1] ?? rows[at]).focus();
    else if (event.key === "ArrowUp" && at >= 0) (rows[at - 1] ?? field).focus();
    else if (event.key === "Enter" && document.activeElement === field && rows.length) rows[0].click();
    else return;
    event.preventDefault();
  });
  closesBeside(dialog);
  document.body.append(dialog);
  draw();
  openDialog(dialog);
  field.focus();
  personas.load().then(draw, () => {}); // without a connection those that the page knows
}
