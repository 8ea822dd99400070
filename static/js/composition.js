// Keys that belong to an input method (it is composing a character, or this very key ended the composition) reach nobody else:
// one guard before every handler of the page, so that no field has to think of it.

/** Safari sends the Enter that ends a composition after its end: only its key code, 229, still tells. */
export const composing = (event) => event.isComposing === true || event.keyCode === 229;

/** page: the window. An Enter that ends a composition sends no form either; a field of several lines may still break its line. */
export function guardComposition(page = globalThis) {
  page.addEventListener("keydown", (event) => {
    if (!composing(event)) return;
    event.stopImmediatePropagation();
    if (event.key === "Enter" && event.target?.tagName === "INPUT") event.preventDefault();
  }, { capture: true });
}
