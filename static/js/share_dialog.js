// Sharing one chat: who is in it (people_in_chat.js), who may open the link, until when, what others see, stopping. Made when it is first asked for; every
// change of a link that there is holds at once. It knows no message: the server takes the copy.

import { copiesFrom } from "./copy_button.js";
import { closesBeside, openDialog } from "./dialogs.js";
import { brief } from "./format.js";
import { get, post } from "./http.js";
import { element, icon, iconButton } from "./icons.js";
import { PeopleInChat } from "./people_in_chat.js";
import { toast, toastError } from "./toasts.js";
import { n, t } from "./words.js";

const DAY = 24 * 3600;
const WHO = [["signed-in", t("People with an account here"), t("They sign in first.")], ["public", t("Everybody who has the link"), t("No account is needed.")]];
const TIMES = [...[1, 7, 30, 90].map((days) => [days * DAY, n(days, "{count} day", "{count} days")]), ["", t("Until I stop it")]];
const ALWAYS = {
  public: t("Everybody who has the link can read this copy, until you stop it."),
  "signed-in": t("Everybody with an account here can read this copy, until you stop it."),
};
const UNTIL = {
  public: (values) => t("Everybody who has the link can read this copy, until {end}.", values),
  "signed-in": (values) => t("Everybody with an account here can read this copy, until {end}.", values),
};
const USUAL_TIME = 30 * DAY;
const KEPT = "kept"; // the choice that stands for the end that a link has already

let dialog = null;

export async function shareDialog(conversationId) {
  dialog ??= new ShareDialog();
  await dialog.open(conversationId);
}

/** What of the page is shown to others, and until when, in one sentence. */
export function stateInWords({ visibility, expires_at: end, opened }, now = new Date()) {
  const open = end ? UNTIL[visibility]({ end: brief(new Date(end), now) }) : ALWAYS[visibility];
  const seen = opened === 0 ? t("Nobody else has opened it yet.") : n(opened, "Others have opened it once.", "Others have opened it {count} times.");
  return `${open} ${seen}`;
}

class ShareDialog {
  constructor() {
    this.state = null;
    this.#build();
    document.body.append(this.node);
  }

  async open(id) {
    Object.assign(this, { id, url: `/api/conversations/${encodeURIComponent(id)}/share` });
    try {
      const [state] = await Promise.all([get(this.url), this.people.load(id)]);
      this.#show(state);
    } catch (error) {
      return toastError(error);
    }
    openDialog(this.node);
    (this.#isShared() ? this.link : this.who.find((radio) => radio.checked) ?? this.close).focus();
  }

  // ---- how it looks -------------------------------------------------------------------------------------------

  #build() {
    this.close = iconButton("close", t("Close sharing"), null, { class: "icon-button large", "data-close": true, "data-tip": null });
    this.people = new PeopleInChat();
    this.said = element("p", { class: "faint" });
    this.error = element("p", { class: "form-error", role: "alert" });
    this.node = element("dialog", { class: "dialog share", "aria-labelledby": "share-title" },
      element("div", { class: "dialog-head" }, element("h2", { id: "share-title" }, t("Share this chat")), this.close),
      element("div", { class: "dialog-body" }, this.people.node, element("h3", { class: "link-head" }, t("A copy by a link")), this.said, this.#linkRow(), this.#oldRow(), this.#whoRow(), this.#timeRow(), this.#nameRow(), this.error, this.#foot()));
    closesBeside(this.node);
  }

  #linkRow() {
    this.link = element("input", { class: "input", id: "share-link", readonly: true, spellcheck: "false", translate: "no", dir: "ltr", onfocus: () => this.link.setSelectionRange(0, this.link.value.length, "backward") });
    const copy = element("button", { type: "button", class: "button primary" }, icon("copy"), element("span", { "aria-live": "polite" }, t("Copy link")));
    copiesFrom(this.link, copy);
    this.preview = element("a", { class: "button small", target: "_blank", rel: "noopener" }, icon("eye"), t("See what others see"));
    this.linkRow = element("div", { class: "field" }, element("label", { for: "share-link" }, t("Link")), element("div", { class: "copy-row" }, this.link, copy), element("p", { class: "share-look" }, this.preview));
    return this.linkRow;
  }

  #oldRow() {
    const update = element("button", { type: "button", class: "button small", onclick: () => this.#save({ anew: true }, t("Others see the chat as it is now.")) }, icon("again"), t("Update the copy"));
    this.oldRow = element("div", { class: "share-old" }, element("span", {}, t("You see more, or something else, than this copy shows.")), update);
    return this.oldRow;
  }

  #whoRow() {
    this.who = WHO.map(([value]) => element("input", { type: "radio", name: "share-who", value, onchange: () => this.#isShared() && this.#save({ visibility: value }) }));
    this.whoRow = element("fieldset", { class: "field share-who" }, element("legend", { class: "field-label" }, t("Who can open it")),
      ...WHO.map(([, label, help], at) => element("label", { class: "check" }, this.who[at], element("span", {}, label, element("small", {}, help)))));
    return this.whoRow;
  }

  #timeRow() {
    this.time = element("select", { id: "share-time", onchange: () => this.#isShared() && this.time.value !== KEPT && this.#save({ expires_in: this.#seconds() }) });
    this.timeRow = element("div", { class: "field" }, element("label", { for: "share-time" }, t("How long it works")), this.time);
    return this.timeRow;
  }

  #nameRow() {
    this.name = element("input", { type: "checkbox", onchange: () => this.#isShared() && this.#save({ with_name: this.name.checked }) });
    this.nameRow = element("label", { class: "check" }, this.name, element("span", {}, t("Show my name above it")));
    return this.nameRow;
  }

  #foot() {
    this.stop = element("button", { type: "button", class: "button danger", onclick: () => this.#save({ visibility: "off" }, t("The link shows nothing any more.")) }, t("Stop sharing"));
    this.make = element("button", { type: "button", class: "button primary", onclick: () => this.#make() }, icon("link"), t("Create the link"));
    return element("div", { class: "dialog-foot" }, this.stop, this.make);
  }

  #show(state) {
    this.state = state;
    const shared = this.#isShared();
    const possible = state.possible.length > 0;
    this.error.textContent = "";
    this.said.textContent = this.#words(shared, possible);
    this.link.value = state.url ?? "";
    this.preview.href = state.url ?? "#";
    this.linkRow.hidden = !state.url;
    this.oldRow.hidden = !shared || state.is_current;
    this.stop.hidden = !shared;
    this.make.hidden = shared || !possible;
    for (const row of [this.whoRow, this.timeRow, this.nameRow]) row.hidden = !possible;
    for (const radio of this.who) {
      radio.closest("label").hidden = !state.possible.includes(radio.value);
      radio.checked = radio.value === (shared ? state.visibility : state.possible[0]);
    }
    this.name.checked = state.with_name;
    this.#offerTimes(state.expires_at, shared);
  }

  #words(shared, possible) {
    if (shared && !possible) return t("Sharing chats is switched off here: the link shows nothing just now.");
    if (!possible) return t("Sharing chats is switched off here.");
    if (shared && !this.state.url) return t("The link cannot be shown again, because the server’s key was changed. Stop sharing, and share anew.");
    if (shared) return stateInWords(this.state);
    return t("Others see a copy of this chat as it is now: what was said on the branch that you see, thoughts of the model folded as here. They see no ratings, no settings, no other branches, and nothing that is said later.");
  }

  #offerTimes(end, shared) {
    const options = TIMES.map(([value, label]) => element("option", { value: String(value) }, label));
    if (shared && end) options.unshift(element("option", { value: KEPT }, t("Until {end}", { end: brief(new Date(end)) })));
    this.time.replaceChildren(...options);
    this.time.value = shared ? (end ? KEPT : "") : String(USUAL_TIME);
  }

  // ---- acts ---------------------------------------------------------------------------------------------------

  #isShared() {
    return this.state !== null && this.state.visibility !== "off";
  }

  #seconds() {
    return this.time.value === "" ? null : Number(this.time.value);
  }

  async #make() {
    await this.#save({ visibility: this.who.find((radio) => radio.checked).value, expires_in: this.#seconds(), with_name: this.name.checked });
    if (this.#isShared()) this.link.focus();
  }

  async #save(change, done = null) {
    const { id } = this;
    try {
      const state = await post(this.url, { visibility: this.state.visibility, ...change });
      if (id !== this.id) return;
      this.#show(state);
      if (!this.#isShared()) this.make.focus();
      if (done) toast(done, { kind: "success" });
    } catch (error) {
      this.#show(this.state);
      this.error.textContent = error.message;
    }
  }
}
