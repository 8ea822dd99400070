// Where the keyboard goes on when what it stood on in the list moves or goes. It knows no act.

const STOPS = "#filter-bar .icon-button, .folder-new, .folder-open, .conversation-link, .load-more";
const isSeen = (node) => node?.offsetParent;

/** Call what it returns after the change: the focus that was in `within` is where it was, else at the next stop, else at the one before. */
export function holdFocus(within) {
  const list = within.closest("#conversation-list");
  const focused = document.activeElement;
  if (!list || !within.contains(focused)) return () => {};
  const stops = () => [...list.querySelectorAll(STOPS)].filter(isSeen);
  const before = stops();
  const own = focused.closest(".conversation-row, .folder-head") ?? focused;
  const at = before.findIndex((stop) => own.contains(stop));
  const beside = [before.slice(at), before.slice(0, Math.max(at, 0)).reverse()];
  if (focused.matches(".load-more")) beside.reverse(); // what it brings comes before it
  return () => {
    if (isSeen(focused) && document.activeElement === focused || ![focused, document.body].includes(document.activeElement)) return;
    [focused, ...beside.flat()].map((stop) => again(list, stop)).concat(stops()).find(isSeen)?.focus({ preventScroll: true });
  };
}

/** A list that was fetched anew has other rows for the same chats. */
function again(list, stop) {
  const id = stop.closest(".conversation-row")?.dataset.id;
  return stop.isConnected || !id ? stop : list.querySelector(`.conversation-row[data-id="${CSS.escape(id)}"] a`);
}
