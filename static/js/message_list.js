// Keeps the list of message views equal to the branch in view, moving and rebuilding as little as possible.

import { MessageView } from "./message_view.js";

export class MessageList {
  constructor(root, acts) {
    this.root = root;
    this.acts = acts;
    this.views = new Map(); // key → view
  }

  show(rows) {
    this.acts.ours(() => this.#show(rows));
  }

  #show(rows) {
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, view] of this.views) if (!keys.has(key)) this.#remove(key, view);
    let place = this.root.firstChild;
    for (const row of rows) {
      const view = this.views.get(row.key);
      if (view) view.update(row);
      else this.views.set(row.key, new MessageView(row, this.acts));
      const { node } = this.views.get(row.key);
      if (node === place) place = place.nextSibling;
      else this.root.insertBefore(node, place);
    }
    this.#markLast();
  }

  update(row) {
    this.acts.ours(() => this.views.get(row.key)?.update(row));
  }

  /** Answers that wait say what their model is doing. */
  refreshWaiting() {
    for (const view of this.views.values()) if (!view.row.text && view.row.role === "assistant") view.update(view.row);
  }

  clear() {
    this.views.clear();
    this.root.replaceChildren();
  }

  repaint() {
    this.acts.ours(() => { for (const view of this.views.values()) view.repaint(); });
  }

  byId(id) {
    return [...this.views.values()].find((view) => view.row.id === id) ?? null;
  }

  #remove(key, view) {
    view.node.remove();
    this.views.delete(key);
  }

  #markLast() {
    for (const node of this.root.querySelectorAll(".message.last")) if (node !== this.root.lastElementChild) node.classList.remove("last");
    this.root.lastElementChild?.classList.add("last");
  }
}
