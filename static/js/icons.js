// Echo's icons and tiny element helpers; it knows nothing of the chat.

const SVG = "http://www.w3.org/2000/svg";

export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** element("button", {class: "x", onclick}, "text", child…): attributes that are functions become listeners. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function iconButton(name, label, onclick, attributes = {}) {
  return element("button", { type: "button", class: "icon-button", "aria-label": label, "data-tip": label, onclick, ...attributes }, icon(name));
}

/** Takes a node off the page; the keyboard, where it was in there, goes on at `next`: the message field, where nothing else is named. */
export function takeAway(node, next = touch() ? null : document.getElementById("composer-text")) {
  const wasThere = node.contains(document.activeElement);
  node.remove();
  if (wasThere) next?.focus({ preventScroll: true });
}

export const touch = () => globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;
