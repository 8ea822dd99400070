// Tags of chats: how they look. It keeps no chat.

import { element } from "./icons.js";
import { t } from "./words.js";

const COLOURS = 6;
const SHOWN = 2;

/** Which of the colours a tag has, 1 to 6; echo/web/template_helpers.py says the same. */
export const colourOf = (name) => ([...name].reduce((sum, sign) => sum + sign.codePointAt(0), 0) % COLOURS) + 1;

export const word = (name) => element("span", { dir: "auto" }, name);

/** A button that shows the chats with this tag (tag_filter.js listens). */
export const tagButton = (name, attributes = {}) =>
  element("button", { class: `tag tag-${colourOf(name)}`, type: "button", "data-tag": name, title: name, "aria-label": t("Chats with the tag {name}", { name }), ...attributes }, word(name));

/** Two tags at most, and how many more there are. */
export function drawTags(node, names) {
  const rest = names.slice(SHOWN);
  node.replaceChildren(...names.slice(0, SHOWN).map((name) => tagButton(name)), ...(rest.length ? [element("span", { class: "tag-more", title: rest.join(", ") }, `+${rest.length}`)] : []));
}
