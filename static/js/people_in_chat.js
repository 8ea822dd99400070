// Who is in a chat: its owner invites by exact names and takes people out, members see who is there and leave. A part of the
// dialog of sharing, or a dialog of its own; fetched when it is first wanted.

import { sendingOnce } from "./ajax_form.js";
import { closesBeside, openDialog } from "./dialogs.js";
import { get, remove, send } from "./http.js";
import { element, icon, iconButton } from "./icons.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

const SEEN = t("Whoever you invite reads all of this chat, on every branch, with its settings and system prompt, and what answers cite from documents attached to it. They ask on their own account. While others are in it, Echo is told nobody’s memories or instructions, and looks in no collections.");

export class PeopleInChat {
  constructor() {
    this.list = element("ul", { class: "people-list" });
    this.name = element("input", { class: "input", id: "people-name", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 30, required: true, dir: "auto", "aria-describedby": "people-help" });
    this.error = element("p", { class: "form-error", role: "alert" });
    this.form = element("form", { class: "field", onsubmit: (event) => { event.preventDefault(); sendingOnce(this.form, event.submitter, () => this.#invite()); } },
      element("label", { for: "people-name" }, t("Invite by name")),
      element("div", { class: "copy-row" }, this.name, element("button", { type: "submit", class: "button" }, icon("plus"), t("Invite"))),
      element("p", { class: "help", id: "people-help" }, t("The exact name of somebody with an account here.")), this.error);
    this.seen = element("p", { class: "faint" }, SEEN);
    this.node = element("section", { class: "people-in-chat", "aria-labelledby": "people-title" },
      element("h3", { id: "people-title" }, t("People in this chat")), this.seen, this.list, this.form);
  }

  async load(id) {
    this.url = `/api/conversations/${encodeURIComponent(id)}/members`;
    this.name.value = "";
    this.show(await get(this.url));
  }

  show({ data, possible, most }) {
    const own = data.some(({ owner, you }) => owner && you);
    this.own = own;
    this.data = data;
    this.error.textContent = "";
    this.list.replaceChildren(...data.map((person) => this.#row(person)));
    this.list.hidden = data.length < 2;
    this.form.hidden = !own || !possible || data.length > most;
    this.seen.hidden = !own || !possible;
    this.node.hidden = own && !possible && data.length < 2;
  }

  #row(person) {
    const { username: name, owner, you } = person;
    const kind = owner ? t("owner") : you ? t("you") : "";
    const out = this.own && !owner && iconButton("close", t("Take {name} out of this chat", { name }), () => this.#takeOut(person), { "data-tip": t("Take out of this chat"), "data-tip-side": "end" });
    return element("li", {}, element("span", { class: "name", dir: "auto" }, name), kind && element("small", {}, kind), out);
  }

  /** The event that follows takes the chat from the page. */
  async leave(dialog) {
    try {
      await remove(`${this.url}/${encodeURIComponent(this.data.find(({ you }) => you).username)}`);
      dialog.close();
    } catch (error) {
      toastError(error);
    }
  }

  async #invite() {
    const name = this.name.value.trim();
    if (!name) return;
    const before = new Set(this.data.map(({ username }) => username));
    try {
      this.show(await send("PUT", `${this.url}/${encodeURIComponent(name)}`));
      this.name.value = "";
      const came = this.data.find(({ username }) => !before.has(username));
      toast(came ? t("{name} is in this chat now.", { name: came.username }) : t("{name} is in this chat already.", { name }), { kind: "success" });
    } catch (error) {
      this.error.textContent = error.message;
    }
    this.name.focus();
  }

  async #takeOut({ username: name }) {
    try {
      await remove(`${this.url}/${encodeURIComponent(name)}`);
      this.show(await get(this.url));
      toast(t("{name} is not in this chat any more.", { name }), { kind: "success" });
      this.name.focus();
    } catch (error) {
      toastError(error);
    }
  }
}

/** For members: who is there, and the way out. */
export async function membersDialog(id, { leaving = false } = {}) {
  const people = new PeopleInChat();
  try {
    await people.load(id);
  } catch (error) {
    return toastError(error);
  }
  const leave = element("button", { type: "button", class: "button danger", onclick: () => people.leave(dialog) }, icon("leave"), t("Leave this chat"));
  const dialog = element("dialog", { class: "dialog share", "aria-labelledby": "people-title", onclose: () => dialog.remove() },
    element("div", { class: "dialog-head" }, element("h2", { id: "people-title" }, t("People in this chat")), iconButton("close", t("Close"), null, { class: "icon-button large", "data-close": true, "data-tip": null })),
    element("div", { class: "dialog-body" }, people.list, element("p", { class: "faint" }, t("Whoever leaves sees the chat again only when they are invited anew. What they have asked stays.")), element("div", { class: "dialog-foot" }, leave)));
  closesBeside(dialog);
  document.body.append(dialog);
  openDialog(dialog);
  if (leaving) leave.focus();
}
