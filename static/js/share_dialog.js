// Sharing one chat: who may open the link, until when, what others see, stopping. Made when it is first asked for; every
// change of a link that there is holds at once. It knows no message: the server takes the copy.

import { copiesFrom } from "./copy_button.js";
import { closesBeside, openDialog } from "./dialogs.js";
import { brief } from "./format.js";
import { get, post } from "./http.js";
import { element, icon, iconButton } from "./icons.js";
import { toast, toastError } from "./toasts.js";

const DAY = 24 * 3600;
const WHO = [["signed-in", "People with an account here", "They sign in first."], ["public", "Everybody who has the link", "No account is needed."]];
const TIMES = [[DAY, "1 day"], [7 * DAY, "7 days"], [30 * DAY, "30 days"], [90 * DAY, "90 days"], ["", "Until I stop it"]];
const USUAL_TIME = 30 * DAY;
const KEPT = "kept"; // the choice that stands for the end that a link has already

let dialog = null;

export async function shareDialog(conversationId) {
  dialog ??= new ShareDialog();
  await dialog.open(conversationId);
}

/** What of the page is shown to others, and until when, in one sentence. */
export function stateInWords({ visibility, expires_at: end, opened }, now = new Date()) {
  const who = visibility === "public" ? "Everybody who has the link can read this copy" : "Everybody with an account here can read this copy";
  const until = end ? `until ${brief(new Date(end), now)}` : "until you stop it";
  const seen = opened === 0 ? "Nobody else has opened it yet." : `Others have opened it ${opened === 1 ? "once" : `${opened} times`}.`;
  return `${who}, ${until}. ${seen}`;
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
      this.#show(await get(this.url));
    } catch (error) {
      return toastError(error);
    }
    openDialog(this.node);
    (this.#isShared() ? this.link : this.who.find((radio) => radio.checked) ?? this.close).focus();
  }

  // ---- how it looks -------------------------------------------------------------------------------------------

  #build() {
    this.close = iconButton("close", "Close sharing", null, { class: "icon-button large", "data-close": true, "data-tip": null });
    this.said = element("p", { class: "faint" });
    this.error = element("p", { class: "form-error", role: "alert" });
    this.node = element("dialog", { class: "dialog share", "aria-labelledby": "share-title" },
      element("div", { class: "dialog-head" }, element("h2", { id: "share-title" }, "Share this chat"), this.close),
      element("div", { class: "dialog-body" }, this.said, this.#linkRow(), this.#oldRow(), this.#whoRow(), this.#timeRow(), this.#nameRow(), this.error, this.#foot()));
    closesBeside(this.node);
  }

  #linkRow() {
    this.link = element("input", { class: "input", id: "share-link", readonly: true, spellcheck: "false", translate: "no", onfocus: () => this.link.setSelectionRange(0, this.link.value.length, "backward") });
    const copy = element("button", { type: "button", class: "button primary" }, icon("copy"), element("span", { "aria-live": "polite" }, "Copy link"));
    copiesFrom(this.link, copy);
    this.preview = element("a", { class: "button small", target: "_blank", rel: "noopener" }, icon("eye"), "See what others see");
    this.linkRow = element("div", { class: "field" }, element("label", { for: "share-link" }, "Link"), element("div", { class: "copy-row" }, this.link, copy), element("p", { class: "share-look" }, this.preview));
    return this.linkRow;
  }

  #oldRow() {
    const update = element("button", { type: "button", class: "button small", onclick: () => this.#save({ anew: true }, "Others see the chat as it is now.") }, icon("again"), "Update the copy");
    this.oldRow = element("div", { class: "share-old" }, element("span", {}, "You see more, or something else, than this copy shows."), update);
    return this.oldRow;
  }

  #whoRow() {
    this.who = WHO.map(([value]) => element("input", { type: "radio", name: "share-who", value, onchange: () => this.#isShared() && this.#save({ visibility: value }) }));
    this.whoRow = element("fieldset", { class: "field share-who" }, element("legend", { class: "field-label" }, "Who can open it"),
      ...WHO.map(([, label, help], at) => element("label", { class: "check" }, this.who[at], element("span", {}, label, element("small", {}, help)))));
    return this.whoRow;
  }

  #timeRow() {
    this.time = element("select", { id: "share-time", onchange: () => this.#isShared() && this.time.value !== KEPT && this.#save({ expires_in: this.#seconds() }) });
    this.timeRow = element("div", { class: "field" }, element("label", { for: "share-time" }, "How long it works"), this.time);
    return this.timeRow;
  }

  #nameRow() {
    this.name = element("input", { type: "checkbox", onchange: () => this.#isShared() && this.#save({ with_name: this.name.checked }) });
    this.nameRow = element("label", { class: "check" }, this.name, element("span", {}, "Show my name above it"));
    return this.nameRow;
  }

  #foot() {
    this.stop = element("button", { type: "button", class: "button danger", onclick: () => this.#save({ visibility: "off" }, "The link shows nothing any more.") }, "Stop sharing");
    this.make = element("button", { type: "button", class: "button primary", onclick: () => this.#make() }, icon("link"), "Create the link");
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
    if (shared && !possible) return "Sharing chats is switched off here: the link shows nothing just now.";
    if (!possible) return "Sharing chats is switched off here.";
    if (shared && !this.state.url) return "The link cannot be shown again, because the server’s key was changed. Stop sharing, and share anew.";
    if (shared) return stateInWords(this.state);
    return "Others see a copy of this chat as it is now: what was said on the branch that you see, thoughts of the model folded as here. They see no ratings, no settings, no other branches, and nothing that is said later.";
  }

  #offerTimes(end, shared) {
    const options = TIMES.map(([value, label]) => element("option", { value: String(value) }, label));
    if (shared && end) options.unshift(element("option", { value: KEPT }, `Until ${brief(new Date(end))}`));
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
