// Recovery codes to copy and to keep as a file, and the field that takes either kind of code. Knows no server.

import { codesFile } from "./passkey_words.js";
import { toast } from "./toasts.js";
import { p, t } from "./words.js";

for (const list of document.querySelectorAll("[data-codes]")) offerCodes(list);
for (const toggle of document.querySelectorAll("[data-code-toggle]")) switchKinds(toggle);

function offerCodes(list) {
  const codes = [...list.querySelectorAll("code")].map((node) => node.textContent);
  const acts = document.querySelector("[data-codes-acts]");
  acts.hidden = false;
  acts.querySelector("[data-codes-copy]").addEventListener("click", () => copy(codes));
  acts.querySelector("[data-codes-download]").addEventListener("click", () => download(codesFile(codes, location.host)));
}

async function copy(codes) {
  try {
    await navigator.clipboard.writeText(codes.join("\n"));
    toast(t("Copied."), { kind: "success" });
  } catch {
    toast(t("The browser does not allow it. Select the codes and copy them by hand."), { kind: "error" });
  }
}

function download(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: "echo-recovery-codes.txt" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** Digits first, with their keyboard; letters for a recovery code on request. */
function switchKinds(toggle) {
  const field = toggle.closest(".field");
  const input = field.querySelector("[data-code]");
  const show = (recovery) => {
    input.inputMode = recovery ? "text" : "numeric";
    input.autocomplete = recovery ? "off" : "one-time-code";
    field.querySelector("[data-code-label]").textContent = recovery ? t("Recovery code") : p("second factor", "Code");
    field.querySelector("[data-code-help]").textContent = recovery ? t("Ten letters and digits. Each works once.") : t("Six digits from your authenticator application.");
    toggle.textContent = recovery ? t("Use the application instead") : t("Use a recovery code instead");
    toggle.setAttribute("aria-pressed", String(recovery));
  };
  toggle.hidden = false;
  show(false);
  toggle.addEventListener("click", () => {
    show(toggle.getAttribute("aria-pressed") !== "true");
    input.value = "";
    input.focus();
  });
}
