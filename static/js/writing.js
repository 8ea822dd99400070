// Writing a message: the field with what stands around it, which are suggestions, prompts after a slash, personas, documents,
// what is dictated or said hands-free, and the offer to remember something. It sends nothing.

import { Attachments } from "./attachments.js";
import { Composer } from "./composer.js";
import { dictation } from "./dictation.js";
import { Drafts } from "./drafts.js";
import { handsFree } from "./hands_free.js";
import { Personas } from "./personas.js";
import { Remembering } from "./remember.js";
import { listsBySigns } from "./slash.js";
import { showSuggestions } from "./suggestions.js";
import { preferences } from "./theme.js";

const at = (id) => document.getElementById(id);

/** conversation(): the one in view; manage(tab) opens where prompts and personas are kept; on: {send(text), stop(), editLast()};
    page: what personas ask of it beside that */
export function writing({ boot, list, scroll, announcer, speaking, conversation, manage, on, page }) {
  const form = at("composer");
  const { limits } = boot;
  const composer = new Composer({
    form,
    drafts: new Drafts(boot.user.id),
    limits,
    sendKey: () => preferences.sendKey,
    on: {
      ...on,
      changed: (text) => { suggest(text); lists.typed(text); },
      key: (event) => lists.key(event),
    },
  });
  const suggest = showSuggestions(at("suggestions"), at("greeting"), boot, (text) => { composer.focus(); composer.sendNow(text); });
  const lists = listsBySigns({ form, announcer, manage, personas: () => personas }, () => conversation().id === null && !conversation().store.path().length);
  const personas = new Personas({ all: boot.personas, page: { ...page, current: conversation, manage: () => manage("personas"), focus: () => composer.focus(), say: (text) => announcer.say(text) } });
  const attachments = new Attachments({
    root: at("attachments"),
    button: at("attach"),
    input: at("attach-files"),
    shade: at("drop-shade"),
    composer,
    limits,
    announcer,
    conversation,
    hasCollections: boot.has_collections,
  });
  const remembering = new Remembering({ isOn: boot.memory, limits, switches: at("panel-personal"), list, scroll, announcer });
  composer.dictation = dictation({ isOn: boot.dictation, button: at("dictate"), form, composer, announcer, speaking });
  composer.handsFree = handsFree({ isOn: boot.dictation, button: at("hands-free"), form, composer, speaking, conversation });
  return { composer, attachments, remembering, personas };
}
