// Native dialogs: closing by button and by a click beside them; the focus goes back to where it was.

export function dialogs(root = document) {
  for (const dialog of root.querySelectorAll("dialog")) closesBeside(dialog);
}

export function closesBeside(dialog) {
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) dialog.close();
    else if (event.target === dialog && outside(dialog, event)) dialog.close();
  });
}

function outside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}

export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
}
