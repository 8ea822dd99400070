// The settings dialog: tabs, preferences of this browser, and what a conversation sets differently from the model.
// Everything is saved at once, with a quiet tick.

import { element, icon } from "./icons.js";
import { post } from "./http.js";
import { openDialog } from "./dialogs.js";
import { noticeSwitch } from "./notice_offer.js";
import { isOthers } from "./people.js";
import { preferences, setSendKey, setText, setTheme } from "./theme.js";
import { orOffline, toastError } from "./toasts.js";
import { forward, t } from "./words.js";

const IN_ROW = { inline: "center", block: "nearest" }; // on a phone the tabs stand in a row that scrolls
const NUMBERS = [
  ["temperature", t("Temperature"), t("Low: calm and repeatable. High: varied and surprising.")],
  ["top_p", t("Top-p"), t("Chooses among the likeliest words that make up this share.")],
  ["top_k", t("Top-k"), t("Chooses among this many likeliest words; 0 means all.")],
  ["repetition_penalty", t("Repetition penalty"), t("Above 1, words already used become less likely.")],
  ["max_new_tokens", t("Longest answer"), t("In tokens; about three quarters of a word each.")],
];

export class SettingsPanel {
  /** conversation(): the one in view; folderPrompt(): of its folder; onSaved(conversation); clear(conversation) */
  constructor({ boot, picker, conversation, folderPrompt, onSaved, clear }) {
    Object.assign(this, { boot, picker, conversation, folderPrompt, onSaved });
    this.dialog = document.getElementById("settings");
    this.rows = new Map();
    this.typing = new Set(); // names of what is being written: an answer about another value does not take it away
    this.tabs = [...this.dialog.querySelectorAll('[role="tab"]')];
    this.#wireTabs();
    this.#wirePreferences();
    this.#buildChat();
    document.getElementById("clear-chat").addEventListener("click", () => { this.dialog.close(); clear(conversation()); });
  }

  open(tab = "general") {
    this.#select(`tab-${tab}`);
    this.refresh();
    this.showNotices();
    this.#voices();
    openDialog(this.dialog);
    const chosen = this.tabs.find((button) => button.id === `tab-${tab}`);
    chosen.scrollIntoView(IN_ROW);
    chosen.focus();
  }

  // ---- tabs ---------------------------------------------------------------------------------------------------

  #wireTabs() {
    for (const tab of this.tabs) tab.addEventListener("click", () => this.#select(tab.id));
    this.dialog.querySelector('[role="tablist"]').addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowRight: forward, ArrowUp: -1, ArrowLeft: -forward }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = this.tabs[(this.tabs.indexOf(document.activeElement) + step + this.tabs.length) % this.tabs.length];
      this.#select(next.id);
      next.focus();
    });
  }

  #select(id) {
    for (const tab of this.tabs) {
      const chosen = tab.id === id;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) tab.scrollIntoView(IN_ROW);
      const panel = document.getElementById(tab.getAttribute("aria-controls"));
      panel.hidden = !chosen;
      if (chosen && panel.dataset.src) this.#fill(panel);
    }
    if (id === "tab-keyboard") this.#keys();
  }

  async #keys() {
    const { KeyEditor } = await orOffline(import("./key_editor.js"));
    if (KeyEditor) this.keys ??= new KeyEditor();
  }

  /** The pages that the server draws; their code is fetched with the first of them. */
  async #fill(panel) {
    const { fillPanel, wirePanels } = await import("./account_panels.js").catch(() => ({}));
    if (!fillPanel) return void (panel.textContent = t("This cannot be shown just now. Try again when you are online."));
    if (!this.wired) wirePanels(this.dialog);
    this.wired = true;
    await fillPanel(panel);
  }

  // ---- preferences of this browser ----------------------------------------------------------------------------

  #wirePreferences() {
    const all = { theme: [setTheme, preferences.theme], "text-size": [setText, preferences.text], "send-key": [setSendKey, preferences.sendKey] };
    for (const [name, [set, now]] of Object.entries(all)) {
      for (const input of this.dialog.querySelectorAll(`input[name="${name}"]`)) {
        input.checked = input.value === now;
        input.addEventListener("change", () => set(input.value));
      }
    }
    this.showNotices = noticeSwitch(this.dialog.querySelectorAll('input[name="notify"]'), document.getElementById("notify-note"));
  }

  /** The voices that are there now, and the languages that are heard; the code of their rows is fetched where there are any. */
  async #voices() {
    const speaks = "voices" in document.documentElement.dataset;
    if (!speaks && !this.boot.dictation) return;
    const { dictationSettings, voiceSettings } = await import("./voice_settings.js").catch(() => ({}));
    if (speaks) voiceSettings?.(this.dialog, this.boot.voices);
    if (this.boot.dictation) dictationSettings?.(this.dialog);
  }

  // ---- this chat ----------------------------------------------------------------------------------------------

  #buildChat() {
    const root = document.getElementById("chat-settings");
    for (const [name, label, help] of NUMBERS) root.append(this.#numberRow(name, label, help));
    root.append(this.#promptRow());
  }

  #frame(name, label, help, control, value = null) {
    const reset = element("button", { type: "button", class: "icon-button reset", "aria-label": t("{label}: back to the default", { label }), "data-tip": t("Back to the default"), "data-tip-side": "end", onclick: () => this.set(name, null) }, icon("again"));
    const tick = icon("check", "tick");
    const wrote = () => this.typing.delete(name);
    const side = element("span", { class: "value" }, tick, reset, value);
    const node = element("div", { class: "setting", oninput: () => this.typing.add(name), onfocusout: wrote }, element("label", { class: "name", for: `set-${name}` }, label), side, control, element("p", { class: "help", id: `help-${name}` }, help));
    node.addEventListener("change", wrote, true); // before it is saved, which draws the row again
    return { node, tick };
  }

  #numberRow(name, label, help) {
    const { min, max, step } = this.boot.ceilings[name];
    const slider = element("input", { type: "range", class: "wide", id: `set-${name}`, min, max, step, "aria-describedby": `help-${name}` });
    const number = element("input", { type: "number", class: "number", min, max, step, "aria-label": t("{label}, exact value", { label }) });
    const frame = this.#frame(name, label, help, slider, number);
    const show = (value) => {
      slider.value = value;
      number.value = value;
      slider.style.setProperty("--fill", `${((value - min) / (max - min)) * 100}%`);
    };
    slider.addEventListener("input", () => show(slider.value));
    slider.addEventListener("change", () => this.set(name, Number(slider.value)));
    number.addEventListener("change", () => {
      const value = Math.min(max, Math.max(min, Number(number.value)));
      if (number.value === "" || Number.isNaN(value)) return this.refresh();
      show(value);
      this.set(name, value);
    });
    const tell = (preset, name) => { frame.node.querySelector(".help").textContent = `${help} ${name ? t("{name} begins with {preset}.", { name, preset }) : t("The model's default is {preset}.", { preset })}`; };
    this.rows.set(name, { ...frame, show, tell });
    return frame.node;
  }

  #promptRow() {
    const name = "system_prompt";
    const area = element("textarea", { class: "wide", id: `set-${name}`, maxlength: this.boot.limits.system_prompt_chars, dir: "auto", "aria-describedby": `help-${name}` });
    const frame = this.#frame(name, t("System prompt"), t("What Echo is told before the first message. Empty: the default shown in grey."), area);
    area.addEventListener("change", () => this.set(name, area.value.trim() || null));
    this.rows.set(name, { ...frame, show: (value) => { area.value = this.#overrides()[name] === undefined || this.#overrides()[name] === null ? "" : value; }, tell: (preset) => { area.placeholder = preset; } });
    return frame.node;
  }

  #overrides() {
    const conversation = this.conversation();
    return (conversation.id === null ? conversation.draftSettings : conversation.info?.settings) ?? {};
  }

  refresh() {
    const conversation = this.conversation();
    const settings = this.#overrides();
    const persona = conversation.id === null ? conversation.draftPersona : null; // one that has begun has its settings as its own
    const usual = { ...this.picker.chosen().defaults, ...persona?.begins };
    usual.system_prompt = persona?.begins.system_prompt ?? this.folderPrompt() ?? usual.system_prompt;
    const others = isOthers(conversation.info);
    document.getElementById("chat-settings-note").textContent = others ? t("Only {name} changes how this chat is answered.", { name: conversation.info.together.owner ?? "" }) : conversation.temporary ? t("For this temporary chat only; from the next answer on.") : conversation.id === null ? t("For the chat you are about to begin.") : t("For this chat only; from the next answer on.");
    for (const [name, row] of this.rows) {
      const own = settings[name] !== undefined && settings[name] !== null;
      row.tell(usual[name], persona && name in persona.begins ? persona.name : null);
      if (!this.typing.has(name)) row.show(own ? settings[name] : usual[name]);
      row.node.classList.toggle("changed", own);
    }
    for (const kind of ["markdown", "json"]) {
      const link = document.getElementById(`export-${kind}`);
      link.closest(".setting").hidden = conversation.id === null;
      if (conversation.id !== null) link.href = `/conversations/${conversation.id}/export/${kind}`;
    }
    document.getElementById("clear-chat").disabled = conversation.id === null || others;
    for (const control of document.getElementById("chat-settings").querySelectorAll("input, textarea, button")) control.disabled = others;
  }

  /** Set one value of the conversation in view, from wherever on the page. */
  async set(name, value) {
    const conversation = this.conversation();
    try {
      if (conversation.id === null) {
        if (value === null) delete conversation.draftSettings[name];
        else conversation.draftSettings[name] = value;
      } else {
        const answer = await post(`/conversations/${conversation.id}/settings`, { [name]: value });
        if (answer.conversation) this.onSaved(answer.conversation);
      }
      if (this.rows.has(name)) this.#tick(name);
    } catch (error) {
      toastError(error);
    }
    this.refresh();
  }

  #tick(name) {
    const { tick } = this.rows.get(name);
    tick.classList.add("shown");
    setTimeout(() => tick.classList.remove("shown"), 1400);
  }
}
