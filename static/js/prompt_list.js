// The prompts that a slash lists. One that is chosen goes into the message field, after its own fields were asked for.

import { ChoiceList } from "./choice_list.js";
import { get } from "./http.js";
import { icon } from "./icons.js";
import { promptFields } from "./prompt_fields.js";
import { variablesOf } from "./prompt_text.js";
import { n, t } from "./words.js";

export class PromptList extends ChoiceList {
  /** manage(tab): opens the place where they are kept */
  constructor({ form, announcer, manage }) {
    super({
      form, announcer, name: "prompt", sign: "/", label: t("Prompts"),
      acts: [
        { name: t("Help"), hint: t("Everything that Echo can do"), sign: "help", run: () => location.assign("/help") },
        { name: t("Your prompts"), hint: t("Write, change, import them"), sign: "gear", run: () => manage("prompts") },
      ],
    });
  }

  async load() {
    return (await get("/prompts")).prompts;
  }

  said(count) {
    return n(count, "{count} prompt", "{count} prompts");
  }

  partsOf({ text, shared }) {
    return { picture: icon("note"), hint: text.split("\n", 1)[0], tag: shared && t("shared") };
  }

  typed() {
    if (this.field.value) this.fields?.remove();
    super.typed();
  }

  chosen(prompt) {
    if (variablesOf(prompt.text).length) this.#ask(prompt);
    else this.put(prompt.text);
  }

  #ask(prompt) {
    this.put("");
    const close = (text) => { this.fields.remove(); this.put(text); };
    const { node, first } = promptFields(prompt, { done: close, cancel: () => close("") });
    this.fields = node;
    this.form.prepend(node);
    first.focus();
  }
}
