// A chat of several people: who asked what, who is here, and what one may do in a chat of somebody else's. It asks nobody.

import { element } from "./icons.js";
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

const sum = (name) => [...name].reduce((total, sign) => total + sign.codePointAt(0), 0);
const face = (name) => element("span", { class: `face tag-${(sum(name) % 6) + 1}`, "aria-hidden": "true" }, initials(name));

/** Beside the title: whose it is, where it is somebody else's, and who has it open. */
export function drawPeople(node, info, people) {
  const together = info?.together ?? null;
  node.hidden = together === null;
  if (together === null) return node.replaceChildren();
  const here = people.length ? t("Here now: {names}", { names: people.join(", ") }) : "";
  const whose = together.own ? "" : t("{name}’s chat", { name: together.owner ?? "" });
  const text = [whose, here].filter(Boolean).join("\n");
  const more = people.length > SHOWN ? [element("span", { class: "face more", "aria-hidden": "true" }, `+${people.length - SHOWN}`)] : [];
  const faces = element("span", { class: "faces", role: "img", "aria-label": here || t("Nobody is here."), "data-tip": text }, ...people.slice(0, SHOWN).map(face), ...more);
  return node.replaceChildren(...(whose ? [element("span", { class: "whose", dir: "auto" }, whose)] : []), ...(people.length ? [faces] : []));
}

/** The mark of a row of the list: that others are in it, or whose it is. */
export function drawRowPeople(row, together) {
  const node = row.querySelector(".row-people");
  const text = !together ? "" : together.own ? t("Others are in this chat") : t("{name}’s chat", { name: together.owner ?? "" });
  row.toggleAttribute("data-others", isOthers({ together }));
  node.hidden = !together;
  node.title = node.querySelector(".visually-hidden").textContent = text;
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
