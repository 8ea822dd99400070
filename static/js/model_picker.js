// The model of the conversation in view: which ones there are, what they are doing, and the menu to choose one.

import { count } from "./format.js";
import { openMenu } from "./menu.js";
import { said } from "./server_words.js";
import { isOthers } from "./people.js";
import { t } from "./words.js";

const STATES = { installed: t("loads when asked"), failed: t("cannot be used now") };

export class ModelPicker {
  /** models: as `models_changed` tells them; usual: who answers where none is chosen; choose(name) settles it; more(): further entries of the menu. */
  constructor({ button, models, usual, conversation, choose, more = () => [] }) {
    Object.assign(this, { button, models, usual, conversation, choose, more });
    button.addEventListener("click", () => this.#open());
  }

  get several() {
    return this.models.length > 1;
  }

  update(models) {
    this.models = models;
    this.usual = (models.find((model) => model.is_default) ?? models[0])?.name ?? this.usual; // as the server chooses
    this.draw();
  }

  /** The model that answers next; one that is gone keeps its name until another is chosen. */
  chosen() {
    const { id, draftSettings, draftPersona, info } = this.conversation();
    const name = (id === null ? { ...draftPersona?.begins, ...draftSettings } : info?.settings ?? {}).model ?? this.usual;
    return this.models.find((model) => model.name === name) ?? { name, title: name, state: "gone", defaults: this.models[0]?.defaults ?? {} };
  }

  title(name) {
    return this.models.find((model) => model.name === name)?.title ?? name;
  }

  others(name) {
    return this.models.filter((model) => model.name !== name && model.state !== "failed").map((model) => ({ ...model, hint: hintOf(model) }));
  }

  /** "Loading Qwen… 40 %", while an answer waits for its model. */
  loading(name) {
    const model = this.models.find((one) => one.name === name);
    if (model?.state !== "loading") return "";
    const what = { title: model.title, doing: capital(said(model.doing || "")) };
    return (["", "loading"].includes(model.doing ?? "") ? t("Loading {title}…", what) : t("{doing} {title}…", what)) + percent(model);
  }

  draw() {
    const model = this.chosen();
    this.button.disabled = isOthers(this.conversation().info); // its owner chooses
    this.button.querySelector(".name").textContent = model.title;
    this.button.dataset.model = model.state;
    this.button.title = model.state === "gone" ? t("This model is not here any more: choose another one.") : hintOf(model);
  }

  #open() {
    const { name } = this.chosen();
    const items = this.models.map((model) => ({
      label: model.title, hint: hintOf(model), icon: model.name === name ? "check" : "spark", checked: model.name === name,
      run: () => this.choose(model.name).then(() => this.draw()),
    }));
    openMenu(this.button, [...items, ...this.more()], t("Model of this chat"));
  }
}

/** "0.5 billion weights · changes echo-small · ready"; of one that leaves this machine that it does. */
function hintOf(model) {
  const state = model.state === "loading" ? t("loading") + percent(model) : STATES[model.state];
  return [size(model.parameters), model.base && t("tuned from {base}", model), model.elsewhere && t("on another server"), state].filter(Boolean).join(" · ");
}

function size(parameters) {
  if (!parameters) return "";
  if (parameters >= 1e9) return t("{count} billion weights", { count: count(parameters / 1e9) });
  return t("{count} million weights", { count: count(Math.round(parameters / 1e6)) });
}

const percent = (model) => (typeof model.progress === "number" ? ` ${t("{count} %", { count: Math.round(model.progress * 100) })}` : "");
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
