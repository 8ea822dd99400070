// The picture in a persona's form: its own, or the emoji on its colour as they are chosen, as it will be once the form is saved.

import { faceOf } from "./personas.js";
import { fileOf, wireDrop, wirePicture } from "./picture_field.js";

wirePersonaPictures(document);

/** Those that are not wired yet. */
export function wirePersonaPictures(root) {
  for (const field of root.querySelectorAll(".picture-field:not([data-wired])")) wire(field);
}

function wire(field) {
  const { form } = fileOf(field);
  const shown = field.firstElementChild;
  const stored = shown.querySelector("img")?.getAttribute("src");
  const [remove, keep] = [".picture-remove", ".picture-keep"].map((button) => field.querySelector(button));
  const without = form.elements.without_picture;
  const draw = () => {
    const chosen = fileOf(field).files.length > 0;
    shown.className = `persona-picture tint-${form.elements.colour.value}`;
    if (!chosen) shown.replaceChildren(faceOf({ emoji: form.elements.emoji.value, picture: without.checked ? null : stored }));
    remove.hidden = chosen || without.checked || !stored;
  };
  const taken = (none) => {
    without.checked = none;
    draw();
  };
  field.dataset.wired = "1";
  wireDrop(field);
  wirePicture(field, { chosen: () => taken(false), restore: () => taken(false) });
  remove.addEventListener("click", () => {
    keep.hidden = false;
    keep.focus();
    taken(true);
  });
  form.addEventListener("reset", () => setTimeout(() => { keep.hidden = true; draw(); })); // once its fields are what they were
  for (const change of ["input", "change"]) form.addEventListener(change, ({ target }) => ["emoji", "colour"].includes(target.name) && draw());
  draw();
}
