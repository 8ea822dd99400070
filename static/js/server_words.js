// English texts that the server tells to several readers at once (how an answer failed, why a session ended, what a model does while
// it is loaded): said here in the language of each. The server's own lists: services/chats/failures.py, services/sign_in/endings.py.

import { mark, number, t } from "./words.js";

const TEXTS = [
  // an answer that failed
  mark("The answer was lost. Please retry."),
  mark("The answer could not be saved."),
  mark("The key or token with which this was asked has ended."),
  mark("Many people are asking at this moment. Please try again shortly."),
  mark("You have several answers waiting already. Please let one of them finish."),
  mark("The engine failed and is being restarted. Please try again."),
  mark("The engine was stopped."),
  mark("This reply could not be computed. Please try again."),
  mark("The messages have about {tokens} tokens; the model reads {most}, its answer among them."),
  mark("The message has {tokens} tokens with its instructions; {most} fit."),
  mark("The message has {tokens} tokens; at most {most} fit."),
  mark("The model's server cannot be reached. Please try again shortly."),
  mark("The model's server did not begin to answer in time. Please try again."),
  mark("The model's server fell silent in the middle of the answer."),
  mark("The connection to the model's server broke before the answer was complete."),
  mark("The model's server sent something without an end."),
  mark("What the model's server sent is not an answer. An administrator has to look at it."),
  mark("The model's server does not let Echo in. An administrator has to look at its key."),
  mark("The model's server does not know this model. Please choose another one."),
  mark("The model's server failed. Please try again."),
  mark("The model's server refused the request."),
  mark("The conversation is longer than the model reads. Please shorten it, or begin a new one."),
  mark("The model's server has too much to do just now. Please try again in a moment."),
  // a session that ended
  mark("You signed out."),
  mark("You signed this browser out from another one."),
  mark("Your session has expired. Please sign in again."),
  mark("Your password was changed."),
  mark("Your role was changed."),
  mark("An administrator signed you out."),
  mark("This account has been switched off."),
  mark("This account has been deleted."),
  // a model that is being loaded
  mark("loading"),
  mark("fetching"),
  mark("merging"),
  mark("packing"),
  mark("reading the script"),
  mark("Reading the tokenizer"),
  mark("Checking the file"),
  mark("Unpacking the weights"),
  mark("Ready"),
];

const escaped = (text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
const KNOWN = TEXTS.map((text) => [text, new RegExp(`^${escaped(text).replace(/\{(\w+)\}/g, "(?<$1>.+?)")}$`, "s")]);

/** One of these texts, with what stands in its places, in the reader's language; any other as it is. */
export function said(text) {
  for (const [known, form] of KNOWN) {
    const found = form.exec(text);
    if (found) return t(known, Object.fromEntries(Object.entries(found.groups ?? {}).map(regrouped)));
  }
  return text;
}

/** "12,480" as the reader writes it. */
function regrouped([name, value]) {
  return [name, /^\d{1,3}(?:,\d{3})*$/.test(value) ? number(Number(value.replaceAll(",", ""))) : value];
}
