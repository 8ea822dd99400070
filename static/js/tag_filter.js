// Shows in the list only the chats that bear one tag, wherever they stand; a bar above the list says which. It keeps no rows.

import { holdFocus } from "./list_focus.js";
import { tagButton } from "./tags.js";

export class TagFilter {
  /** root holds the folders and the list, which htmx fills; changed(): the list is to be filled anew. */
  constructor({ root, list, bar, changed }) {
    Object.assign(this, { root, list, bar, changed, name: null });
    list.addEventListener("htmx:configRequest", ({ detail }) => { if (this.name !== null) detail.parameters.tag = this.name; });
    bar.querySelector(".icon-button").addEventListener("click", () => this.show(null));
    bar.addEventListener("click", (event) => event.stopPropagation()); // its own chip leads nowhere
  }

  /** A click on a tag anywhere below `node` shows the chats that bear it. */
  listen(node, then = () => {}) {
    node.addEventListener("click", (event) => {
      const name = event.target.closest(".tag[data-tag]")?.dataset.tag;
      if (!name) return;
      this.show(name);
      then();
    });
  }

  /** Whether a chat belongs into the list as it is shown. */
  bears({ tags = [] }) {
    return this.name === null || tags.includes(this.name);
  }

  /** name: null shows all chats again. */
  show(name) {
    if (name === this.name) return;
    const back = holdFocus(this.root);
    this.name = name;
    this.root.classList.toggle("filtered", name !== null);
    this.bar.hidden = name === null;
    this.bar.querySelector(".tag")?.remove();
    if (name !== null) this.bar.querySelector(".filter-words").after(tagButton(name, { tabindex: "-1", "aria-label": name }));
    for (const row of this.root.querySelectorAll(".folder .conversation-row")) row.remove(); // each chat has one row
    back();
    this.changed();
  }
}
