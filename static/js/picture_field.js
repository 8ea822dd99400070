// A field for a picture: a file is chosen or dropped, judged, and seen before it is sent. It knows neither whose picture it is nor
// where it goes; templates/partials/macros.html draws it. What stands first in it shows the picture.

import { element } from "./icons.js";
import { t } from "./words.js";

/** restore(): shows what is stored again; chosen(): a file has been taken. */
export function wirePicture(field, { restore, chosen = () => {} }) {
  const input = fileOf(field);
  input.classList.add("visually-hidden");
  field.querySelector(".picture-choose").hidden = false;
  const keep = field.querySelector(".picture-keep");
  keep.addEventListener("click", () => {
    input.value = "";
    keep.hidden = true;
    restore();
  });
  input.addEventListener("change", () => {
    if (show(field, input.files[0])) chosen();
    else if (!input.files.length && !keep.hidden) keep.click(); // nothing that was shown before will be sent
  });
}

export const fileOf = (field) => field.querySelector("input[type=file]");

/** Shows a file; tells whether it is one that can be sent. */
function show(field, file) {
  const input = fileOf(field);
  const said = field.querySelector(".field-error");
  const problem = whyNot(file, input);
  said.textContent = problem;
  input.toggleAttribute("aria-invalid", Boolean(problem));
  if (problem) input.value = "";
  if (problem || !file) return false;
  const url = URL.createObjectURL(file);
  const image = element("img", { src: url, alt: "", class: "chosen-picture", onload: () => URL.revokeObjectURL(url) });
  image.addEventListener("error", () => { said.textContent = t("This picture cannot be shown here. You can still try to save it."); });
  field.firstElementChild.replaceChildren(image);
  field.querySelector(".picture-keep").hidden = false;
  return true;
}

function whyNot(file, { accept, dataset }) {
  if (!file) return "";
  if (!accept.split(",").includes(file.type)) return t("Use a PNG, JPEG, WebP or GIF.");
  const most = Number(dataset.maxBytes);
  return file.size > most ? t("A picture has at most {count} MB.", { count: Math.floor(most / 1e6) }) : "";
}

export function wireDrop(field) {
  const over = (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    field.classList.add("dropping");
  };
  field.addEventListener("dragenter", over);
  field.addEventListener("dragover", over);
  field.addEventListener("dragleave", (event) => { if (!field.contains(event.relatedTarget)) field.classList.remove("dropping"); });
  field.addEventListener("drop", (event) => {
    event.preventDefault();
    field.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    fileOf(field).files = event.dataTransfer.files;
    fileOf(field).dispatchEvent(new Event("change"));
  });
}
