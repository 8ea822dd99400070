// The title of the page: what is in view, and before it in brackets how many answers have come since anybody looked.
// The application's badge says the same number, where the browser has one. It knows no chat.

let words = document.title;
let unseen = 0;

const draw = () => { document.title = unseen ? `(${unseen}) ${words}` : words; };

export function setTitle(text) {
  words = text;
  draw();
}

export function setUnseen(count) {
  if (count === unseen) return;
  unseen = count;
  draw();
  const told = unseen ? navigator.setAppBadge?.(unseen) : navigator.clearAppBadge?.();
  told?.catch(() => {}); // not every system has a place for it
}
