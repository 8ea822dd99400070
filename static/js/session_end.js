// The end of a session: the page goes, with all that it shows, and the sign-in page takes its place. What was typed becomes a
// draft as the page goes; where somebody signed out (the server says so in the next page), the account's drafts go too. What was
// stored for reading without a connection goes with every session, however it ended.

import { forgetDrafts } from "./drafts.js";
import { said } from "./server_words.js";
import { forgetStored } from "./stored.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const WHY = "echo.ended";
let leaving = false;

/** This page is leaving by itself: that its session ends is no news. */
export const signingOut = () => { leaving = true; globalThis.dispatchEvent?.(new Event("session-end")); };

export function leave(why = t("You are signed out.")) {
  if (leaving) return;
  leaving = true;
  forgetStored().catch(() => {}); // the page that comes next does it again
  globalThis.dispatchEvent?.(new Event("session-end")); // nothing may keep the page
  try { sessionStorage.setItem(WHY, said(why)); } catch { /* storage may be forbidden: without a reason then */ }
  location.replace(`/login?next=${encodeURIComponent(location.pathname)}`);
}

/** On every page: what a sign-out takes away in this browser, what is another's, and why this tab has come here. */
export function afterSessionEnd() {
  const account = document.querySelector('meta[name="signed-out"]')?.content;
  if (account) forgetDrafts(account);
  const here = document.querySelector('meta[name="account"]')?.content; // "": nobody; none: an error before that was known
  if (here !== undefined) forgetStored(here || null).catch(() => {});
  const why = takeReason();
  const place = document.getElementById("why-ended");
  if (why && place) place.textContent = why;
  else if (why) toast(why);
}

function takeReason() {
  try {
    const why = sessionStorage.getItem(WHY);
    sessionStorage.removeItem(WHY);
    return why;
  } catch {
    return null;
  }
}
