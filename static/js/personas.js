// Personas: how they look, and those in the model's menu. Choosing one, the cards of the empty chat and the dialog with all
// of them are fetched when there are any. It sends no message.

import { get } from "./http.js";
import { element } from "./icons.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const SHOWN = 6;

const gone = new Set(); // pictures that cannot be fetched: drawn anew they do not flicker

/** Its own picture, or its emoji; templates/partials/persona_picture.html draws the same. */
export const faceOf = ({ emoji, picture }) => (picture && !gone.has(picture) ? element("img", { class: "persona-face", src: picture, alt: emoji }) : emoji);

/** The picture beside which the name stands in words. */
export const pictureOf = (persona) => element("span", { class: `persona-picture tint-${persona.colour}`, "aria-hidden": "true" }, faceOf(persona));

function fall(image) {
  if (!image.matches?.(".persona-face")) return;
  gone.add(image.getAttribute("src"));
  image.replaceWith(image.alt);
}

globalThis.document?.addEventListener("error", ({ target }) => fall(target), true);
globalThis.document?.querySelectorAll(".persona-face").forEach((image) => image.complete && !image.naturalWidth && fall(image));
globalThis.addEventListener?.("online", () => gone.clear());

/** In the head of a chat: whom it was begun with, or will be. */
export function drawPersona(node, persona) {
  node.hidden = !persona;
  node.replaceChildren(...(persona ? [pictureOf(persona), element("span", { class: "name", dir: "auto" }, persona.name)] : []));
}

/** In the row of a chat: the picture alone, which says its name. */
export function drawRowPersona(node, persona) {
  node.hidden = !persona;
  node.replaceChildren(persona ? faceOf(persona) : "");
  node.setAttribute("aria-label", persona?.name ?? "");
  node.title = persona?.name ?? "";
}

export class Personas {
  /** all: in few words; page: {current(): the chat in view, newChat(), redraw(), listed(), picker, focus(), manage(), say(text)} */
  constructor({ all, page }) {
    Object.assign(this, { all, page, choice: null });
    document.getElementById("panel-personas").addEventListener("saved", () => this.#act((choice) => choice.reload()));
  }

  /** Those that there are now; another tab, or an administrator, may have changed them. */
  async load() {
    this.all = (await get("/api/personas")).data;
    return this.all;
  }

  get few() {
    return this.all.slice(0, SHOWN);
  }

  /** Resolves with nothing where it cannot be fetched. */
  async #choice() {
    this.coming ??= import("./persona_choice.js").then(({ PersonaChoice }) => { this.choice = new PersonaChoice(this); }, () => {});
    await this.coming;
    if (!this.choice) this.coming = null;
    return this.choice;
  }

  async #act(act) {
    const choice = await this.#choice();
    if (choice) await act(choice);
    else toast(t("No connection. Try again when you are online."), { kind: "error" });
  }

  /** For the chat that is about to begin; null: Echo. */
  choose(id) {
    return this.#act((choice) => choice.choose(id));
  }

  openAll() {
    return this.#act((choice) => choice.openAll());
  }

  /** ?persona=ID begins with it. */
  fromAddress() {
    const id = new URLSearchParams(location.search).get("persona");
    if (id && location.pathname === "/") this.choose(id);
  }

  draw() {
    if (this.choice) this.choice.draw();
    else if (this.all.length && this.page.current().id === null && !this.coming) this.#choice().then((choice) => choice?.draw());
  }

  /** Entries of the model's menu. */
  items() {
    const { persona, draftPersona } = this.page.current();
    const entry = (one) => ({ label: element("span", { class: "menu-face" }, pictureOf(one), one.name), hint: one.description, icon: one.id === persona?.id ? "check" : "face", checked: one.id === persona?.id, run: () => this.choose(one.id) });
    const more = this.all.length ? { label: t("All personas…"), icon: "search", run: () => this.openAll() } : { label: t("Your personas"), icon: "gear", run: this.page.manage };
    return [{ heading: t("Personas") }, ...this.few.map(entry), draftPersona && { label: t("Without a persona"), icon: "close", run: () => this.choose(null) }, more];
  }
}
