// A message that begins with a slash opens the list of prompts; its code is fetched with the first slash.

/** Returns what the composer calls with each change of its text, and with each key before it looks at it. */
export function slashPrompts(parts) {
  let coming = null;
  let list = null;
  const typed = async (text) => {
    if (!coming && !text.startsWith("/")) return;
    coming ??= import("./prompt_list.js").then(
      ({ PromptList }) => { list = new PromptList(parts); },
      () => { coming = null; }, // without a connection: with the next letter again
    );
    await coming;
    list?.typed();
  };
  return { typed, key: (event) => list?.key(event) ?? false };
}
