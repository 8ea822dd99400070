// The chip of a picture among a chat's documents: a preview, and what models read in its place. It opens the picture large.

import { element } from "./icons.js";
import { showPicture } from "./picture_dialog.js";
import { t } from "./words.js";

let wanted = null; // whose chip has the focus once it is drawn anew

/** attachments: {limits, draw()} */
export function dress(chip, one, attachments) {
  const said = one.description ? t("The models read: {description}", one) : t("The models here do not see pictures; they read your description.");
  const saved = (told) => {
    wanted = one.id;
    Object.assign(one, told);
    attachments.draw();
  };
  const button = element("button", { type: "button", class: "picture-open", "aria-haspopup": "dialog", onclick: () => showPicture(one, attachments.limits.description_chars, saved) },
    element("img", { src: `/api/documents/${one.id}/picture?size=preview`, alt: "", width: 44, height: 44 }),
    element("span", { class: "words" }, element("span", { class: "name", dir: "auto" }, one.name), element("span", { class: "state" }, said)));
  chip.classList.add("picture");
  chip.replaceChildren(button, chip.lastElementChild);
  if (wanted === one.id && chip.isConnected) {
    wanted = null;
    button.focus();
  }
}
