// A message that begins with a slash opens the list of prompts, one of a new chat with an @ that of personas; the code of each is
// fetched with its first sign.

/** parts: of the page, for the lists; isNew(): whether the chat in view has not begun. Returns what the composer calls with each
    change of its text, and with each key before it looks at it. */
export function listsBySigns(parts, isNew) {
  const lists = [
    new Waiting("/", () => import("./prompt_list.js").then(({ PromptList }) => new PromptList(parts))),
    new Waiting("@", () => import("./persona_list.js").then(({ PersonaList }) => new PersonaList(parts)), isNew),
  ];
  return {
    typed: (text) => { for (const list of lists) list.typed(text); },
    key: (event) => lists.some((list) => list.key(event)),
  };
}

class Waiting {
  constructor(sign, fetch, may = () => true) {
    Object.assign(this, { sign, fetch, may, coming: null, list: null });
  }

  async typed(text) {
    const wanted = text.startsWith(this.sign) && this.may();
    if (!this.coming && !wanted) return;
    this.coming ??= this.fetch().then(
      (list) => { this.list = list; },
      () => { this.coming = null; }, // without a connection: with the next letter again
    );
    await this.coming;
    if (wanted || !text.startsWith(this.sign)) this.list?.typed();
  }

  key(event) {
    return this.list?.key(event) ?? false;
  }
}
