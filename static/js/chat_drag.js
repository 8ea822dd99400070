// A chat is dragged onto a folder, the archive or the list. Where nothing can be dragged, its menu does the same.

const TYPE = "application/x-echo-chat";

/** move(id, place): the place is a folder's id, "archived" or, for the list, "". */
export function dragChats(root, move) {
  let over = null;
  const mark = (target) => {
    over?.classList.remove("drop-target");
    over = target;
    over?.classList.add("drop-target");
  };
  const target = (event) => (event.dataTransfer?.types.includes(TYPE) ? event.target.closest(".folder, #conversation-rows") : null);
  root.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.(".conversation-row");
    if (!row || "others" in row.dataset) return; // somebody else's stands where they keep it
    event.dataTransfer.setData(TYPE, row.dataset.id);
    event.dataTransfer.effectAllowed = "move";
  });
  root.addEventListener("dragover", (event) => {
    const found = target(event);
    mark(found);
    if (found) event.preventDefault();
  });
  root.addEventListener("dragleave", (event) => { if (!root.contains(event.relatedTarget)) mark(null); });
  root.addEventListener("dragend", () => mark(null));
  root.addEventListener("drop", (event) => {
    const found = target(event);
    mark(null);
    if (!found) return;
    event.preventDefault();
    move(event.dataTransfer.getData(TYPE), found.dataset.place ?? "");
  });
}
