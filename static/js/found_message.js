// Shows a message that was searched for: brings it into view near the top and marks it for a moment. It knows no search.

const GAP = 72; // below the list's edge, so that what came before is seen too
const MARKED_FOR = 2400;

export async function showFound(messageId, { conversation, list, scroll, scroller }) {
  await conversation.reach(messageId);
  const node = list.byId(messageId)?.node;
  if (!node) return; // it is gone, or another chat is in view meanwhile
  scroll.hold(node, scroller.getBoundingClientRect().top + GAP);
  node.classList.add("found");
  setTimeout(() => node.classList.remove("found"), MARKED_FOR);
}
