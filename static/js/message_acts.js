// What can be done with one message, in the words that its view calls. It draws nothing itself.

import { copyText } from "./code_blocks.js";
import { post } from "./http.js";
import { answerOf } from "./markdown_more.js";
import { touch } from "./icons.js";
import { askerOf, rightsOn } from "./people.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

/** current(), list() and composer() give the parts as they are now; speaking reads aloud; attempt(act) shows a refusal near the composer. */
export function messageActs({ me, reasons, current, list, composer, picker, scroll, announcer, speaking, attempt, sent }) {
  /** What was refused is not lost: the field opens again with it. */
  const keeping = async (id, text, act) => {
    const done = await attempt(() => act().then(() => true));
    if (!done) list().byId(id)?.edit(text);
  };
  /** The button that was pressed goes as the answer begins: the keyboard goes on in the field. */
  const asking = (act) => { composer().focus(); return attempt(act); };
  const dropped = ({ client_id: id }) => current().takeBack(id) || void toast(t("It is being sent just now."));
  return {
    ratingReasons: reasons,
    isStored: () => current().storedAt !== null, // read without a connection: nothing can be changed
    isKept: () => !current().temporary, // else nothing can be done to a message that the server would have to know
    retry: (clientId) => sent(() => current().retry(clientId)),
    takeBack: (row) => {
      if (!dropped(row)) return;
      composer().setText([row.text, composer().text].filter(Boolean).join("\n"));
      composer().focus({ evenOnTouch: true });
    },
    drop: (row) => { if (dropped(row)) composer().focus(); },
    copy: (row, button) => copyMessage(row, button, announcer),
    regenerate: (id, model) => asking(() => current().regenerate(id, model)),
    read: (row) => speaking.toggle(row),
    asker: (row) => askerOf(row, current().info, me),
    rights: (row) => rightsOn(row, current().info, me),
    speaker: () => current().persona?.name ?? "Echo",
    author: (row) => {
      const { persona } = current();
      const picture = persona?.picture; // stands before its name; else its emoji does
      return [[persona && `${picture ? "" : `${persona.emoji} `}${persona.name}`, picker.several && picker.title(row.model)].filter(Boolean).join(" · "), picture && persona];
    },
    loading: (row) => picker.loading(row.model),
    others: (row) => picker.others(row.model),
    continue: (id) => asking(() => current().continue(id)),
    rate: (id, rating, more) => attempt(() => current().rate(id, rating, more)),
    object: (id, objection) => attempt(() => post(`/api/decisions/${id}/objection`, { objection })),
    tell: (text) => touch() && toast(text, { seconds: 7 }), // where nothing hovers, tooltips do not exist
    ours: (change) => scroll.ours(change),
    still: (change) => scroll.keeping(() => list().root.firstElementChild, change),

    edit: (id, text) => { composer().focus(); return keeping(id, text, () => current().edit(id, text)); },
    save: (id, text) => keeping(id, text, () => current().save(id, text)),

    /** The message that is compared stays where it is on the screen, the keyboard on the same button. */
    async select(row, siblingId) {
      const top = list().views.get(row.key)?.node.getBoundingClientRect().top;
      const pressed = document.activeElement.getAttribute("aria-label");
      await attempt(() => current().select(siblingId));
      const node = list().byId(siblingId)?.node;
      if (!node) return;
      if (top !== undefined) scroll.hold(node, top, true);
      const buttons = [...node.querySelectorAll(".branches button:enabled")];
      (buttons.find((button) => button.getAttribute("aria-label") === pressed) ?? buttons[0])?.focus({ preventScroll: true });
    },
  };
}

async function copyMessage(row, button, announcer) {
  const done = await copyText(row.role === "assistant" ? answerOf(row.text) : row.text);
  announcer.say(done ? t("Copied") : t("Copying was refused by the browser"));
  const use = button.querySelector("use");
  use.setAttribute("href", done ? "#i-check" : "#i-close");
  setTimeout(() => use.setAttribute("href", "#i-copy"), 1500);
}
