// Choosing the persona that a chat begins with: the cards of the empty chat, what is said of the chosen one, the dialog of all.

import { get } from "./http.js";
import { element } from "./icons.js";
import { pictureOf } from "./personas.js";
import { orOffline, toastError } from "./toasts.js";
import { t } from "./words.js";

/** What a chat is set to that is begun with it; a model that is not here is left out. */
export function beginsWith({ settings, system_prompt: prompt, model }, models) {
  return { ...settings, ...(prompt && { system_prompt: prompt }), ...(models.some(({ name }) => name === model) && { model }) };
}

export class PersonaChoice {
  constructor(personas) {
    Object.assign(this, { personas, page: personas.page });
    [this.cards, this.greeting, this.what, this.note] = ["persona-cards", "greeting", "persona-what", "persona-note"].map((id) => document.getElementById(id));
    this.hello = this.greeting.textContent;
  }

  /** In a new chat where the one in view has begun. */
  async choose(id) {
    const asked = {};
    const [wasNew, before] = [this.#isNew(), this.page.current()];
    this.asked = asked;
    try {
      const persona = id && await get(`/api/personas/${encodeURIComponent(id)}`);
      if (asked !== this.asked || wasNew !== this.#isNew() || !(wasNew || before === this.page.current())) return; // something else was chosen meanwhile
      if (!wasNew) await this.page.newChat();
      if (!this.#isNew()) return; // who stays in a temporary chat stays with whom they are
      this.#put(persona);
    } catch (error) {
      return void toastError(error);
    } finally {
      if (location.pathname === "/" && location.search) history.replaceState({}, "", "/");
    }
    this.page.redraw();
    this.page.say(this.#said());
    this.page.focus();
  }

  async openAll() {
    const { personaDialog } = await orOffline(import("./persona_dialog.js"));
    personaDialog?.(this.personas);
  }

  /** The settings have changed some of them: what is in view shows them as they are. */
  async reload() {
    await this.personas.load().catch(toastError);
    const conversation = this.page.current();
    const chosen = conversation.draftPersona?.id;
    if (this.#isNew()) this.#put(this.personas.all.find(({ id }) => id === chosen) ?? null);
    else await conversation.open().catch(() => {}); // without a connection it is opened anew with the next
    this.page.listed();
    this.page.redraw();
  }

  #isNew() {
    const chat = this.page.current();
    return chat.id === null && !chat.store.path().length;
  }

  #put(persona) {
    this.page.current().draftPersona = persona && { ...persona, begins: beginsWith(persona, this.page.picker.models) };
  }

  #said() {
    const { persona } = this.page.current();
    return [persona ? t("This chat begins with {name}.", persona) : t("This chat begins with Echo."), this.#missing()].filter(Boolean).join(" ");
  }

  /** A model that is not here is answered for by the usual one. */
  #missing() {
    const { draftPersona: persona, draftSettings } = this.page.current();
    if (!persona?.model || persona.begins.model || draftSettings.model) return "";
    return t("{name} wishes the model {model}, which is not here: {usual} answers.", { ...persona, usual: this.page.picker.chosen().title });
  }

  draw() {
    const { id, draftPersona: persona } = this.page.current();
    if (id !== null) return;
    this.greeting.replaceChildren(...(persona ? [pictureOf(persona), persona.name] : [this.hello]));
    this.greeting.parentElement.classList.toggle("with-persona", Boolean(persona));
    this.what.textContent = persona?.description ?? "";
    this.note.textContent = this.#missing();
    this.#drawCards(persona);
  }

  #drawCards(persona) {
    const { few } = this.personas;
    const shown = !persona || few.some(({ id }) => id === persona.id) ? few : [persona, ...few.slice(0, -1)];
    this.cards.hidden = !shown.length;
    const key = JSON.stringify([persona?.id, shown.map(({ id, name, emoji, colour, picture, description }) => [id, name, emoji, colour, picture, description])]);
    if (this.drawn === key) return;
    this.drawn = key;
    const focused = this.cards.contains(document.activeElement) && document.activeElement.dataset.id;
    this.cards.replaceChildren(...shown.map((one) => this.#card(one, one.id === persona?.id)), element("button", { type: "button", class: "persona-all", "data-id": "all", onclick: () => this.openAll() }, t("All personas…")));
    if (focused) this.cards.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  #card(one, chosen) {
    return element("button", { type: "button", class: "persona-card", "data-id": one.id, "aria-pressed": String(chosen), title: one.description || null, onclick: () => this.personas.choose(chosen ? null : one.id) },
      pictureOf(one), element("span", { class: "name", dir: "auto" }, one.name));
  }
}
