// The personas that an @ lists at the beginning of a new chat; the one that is chosen is whom it begins with.

import { ChoiceList } from "./choice_list.js";
import { pictureOf } from "./personas.js";
import { n, t } from "./words.js";

export class PersonaList extends ChoiceList {
  /** personas(): those of the page; manage(tab): opens the place where they are kept */
  constructor({ form, announcer, personas, manage }) {
    super({
      form, announcer, name: "persona", sign: "@", label: t("Personas"),
      acts: [{ name: t("Your personas"), hint: t("Make and change them"), sign: "gear", run: () => manage("personas") }],
    });
    this.personas = personas;
    this.entries = personas().all;
  }

  load() {
    return this.personas().load();
  }

  said(count) {
    return n(count, "{count} persona", "{count} personas");
  }

  partsOf(persona) {
    return { picture: pictureOf(persona), hint: persona.description, tag: persona.shared && t("for everybody") };
  }

  chosen({ id }) {
    this.put("");
    this.personas().choose(id);
  }
}
