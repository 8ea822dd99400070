// A chat of several people: who asked what, who is here, and what one may do in a chat of somebody else's. It asks nobody.

import { element } from "./icons.js";
import { colourOf } from "./tags.js";
import { orOffline } from "./toasts.js";
import { t } from "./words.js";

const SHOWN = 4;

/** Whether a chat is somebody else's, who has invited the reader. */
export const isOthers = (info) => info?.together?.own === false;

/** The name over a question that the reader has not asked; empty over their own, and in a chat of theirs alone. */
export function askerOf(row, info, me) {
  if (row.local) return "";
  if (row.author) return row.author.name === me ? "" : row.author.name ?? t("Somebody who has left");
  return isOthers(info) ? info.together.owner ?? "" : "";
}

/** What the reader may do with a message: {edit, again, rate, continue, stop}. */
export function rightsOn(row, info, me) {
  const own = !isOthers(info);
  const asked = Boolean(row.local) || (row.author ? row.author.name === me : own);
  return { edit: own && (asked || row.role === "assistant"), again: asked || own, stop: asked || own, rate: asked, continue: asked };
}

/** "AB" of "ada.byron", "BE" of "ben" */
export function initials(name) {
  const parts = name.split(/[._-]+/).filter(Boolean);
  return (parts.length > 1 ? parts[0][0] + parts[1][0] : name.slice(0, 2)).toUpperCase();
}

const face = (name) => element("span", { class: `face tag-${colourOf(name)}`, "aria-hidden": "true" }, initials(name));
const whose = (together) => t("{name}’s chat", { name: together.owner ?? "" });

/** Beside the title: whose it is, where it is somebody else's, and who has it open. */
export function drawPeople(node, info, people) {
  const together = info?.together;
  node.hidden = !together;
  const parts = [];
  if (isOthers(info)) parts.push(element("span", { class: "whose", dir: "auto" }, whose(together)));
  if (together && people.length) {
    const here = t("Here now: {names}", { names: people.join(", ") });
    const more = people.length > SHOWN && element("span", { class: "face", "aria-hidden": "true" }, `+${people.length - SHOWN}`);
    parts.push(element("span", { class: "faces", role: "img", "aria-label": here, "data-tip": here }, ...people.slice(0, SHOWN).map(face), more));
  }
  node.replaceChildren(...parts);
}

/** The mark of a row of the list: that others are in it, or whose it is. */
export function drawRowPeople(row, together) {
  const node = row.querySelector(".row-people");
  const others = isOthers({ together });
  row.toggleAttribute("data-others", others);
  node.hidden = !together;
  node.title = node.querySelector(".visually-hidden").textContent = others ? whose(together) : together ? t("Others are in this chat") : "";
}

/** Who is in a chat of somebody else's; fetched when it is first wanted. */
export async function showMembers(id, how) {
  const { membersDialog } = await orOffline(import("./people_in_chat.js"));
  await membersDialog?.(id, how);
}

/** What the menu of a chat of somebody else's offers. */
export const memberMenu = (id) => [
  { label: t("People in this chat"), icon: "people", run: () => showMembers(id) },
  { label: t("Export as Markdown"), icon: "download", href: `/conversations/${id}/export/markdown`, download: "" },
  { label: t("Export as JSON"), icon: "download", href: `/conversations/${id}/export/json`, download: "" },
  "line",
  { label: t("Leave this chat"), icon: "leave", danger: true, run: () => showMembers(id, { leaving: true }) },
];
