// The switch of temporary chats, and the question before one is left. The chat itself is fetched when it is first wanted.

import { orOffline, toast } from "./toasts.js";
import { t } from "./words.js";

export class TemporarySwitch {
  /** current(): the chat in view; show(null, {conversation, push}); make(Conversation, settings) */
  constructor({ button, composer, current, show, make }) {
    Object.assign(this, { composer, current, show, make, coming: null, comingFor: null });
    button.addEventListener("click", () => this.toggle());
    // who comes back to a page that the browser kept finds nothing of it
    addEventListener("pagehide", () => current().temporary && show(null, { push: false }));
  }

  /** Whether the chat in view may give way to another: who has something to lose is asked. */
  async mayLeave() {
    const chat = this.current();
    return !chat.temporary || chat.isEmpty || chat.askToLeave();
  }

  async toggle() {
    const before = this.current();
    if (!(await this.mayLeave()) || before !== this.current() || this.coming) return;
    if (before.temporary) return this.#begin(null);
    if (before.id === null && before.documents.length) return void toast(t("A temporary chat has no documents: take them out first."), { kind: "error" });
    this.comingFor = before;
    this.coming = this.#fetched(before).finally(() => { this.coming = this.comingFor = null; });
    await this.coming;
  }

  /** Resolves with whether it is in view: what was asked meanwhile was meant for it alone. */
  async #fetched(before) {
    const { TemporaryConversation } = await orOffline(import("./temporary.js"));
    if (!TemporaryConversation || before !== this.current()) return false;
    const made = this.make(TemporaryConversation, before.id === null ? before.draftSettings : {});
    if (before.id === null) made.draftPersona = before.draftPersona;
    this.#begin(made);
    return true;
  }

  /** An empty chat for another one: what is typed comes along. */
  #begin(conversation) {
    const typed = this.current().id === null ? this.composer.text : "";
    if (typed) this.composer.setText("");
    this.show(null, { conversation, push: location.pathname !== "/" });
    if (typed) this.composer.setText([this.composer.text, typed].filter(Boolean).join("\n"));
  }
}
