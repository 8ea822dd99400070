// The drawable beginning of a formula that is still being written: its braces, brackets and environments closed for the moment.
// Pure text; whether something can be drawn it asks the one it is given.

const PIECE = /\\begin\s*\{[A-Za-z]+\*?\}|\\end\s*\{[A-Za-z]+\*?\}|\\[A-Za-z]+\s*|\\[\s\S]|[{}]|[^\\{}]/g;
const TRIES = 12;

/** drawable: (tex) => boolean. Empty where nothing can be drawn yet. */
export function closeTex(source, drawable) {
  const begun = source.replace(/\\(?:(?:begin|end)\s*\{[^}]*|[A-Za-z]*)$/, ""); // \in may become \int
  const pieces = begun.match(PIECE) ?? [];
  for (let tries = 0; pieces.length && tries < TRIES; tries += 1) {
    const found = closings(pieces).find(drawable);
    if (found) return found;
    cutBack(pieces);
  }
  return "";
}

/** As it is, and with nothing in each place where an argument may be missing: \frac{a → \frac{a}{}. */
function closings(pieces) {
  const open = [];
  for (const piece of pieces) {
    const name = /^\\begin\s*\{(.*)\}$/.exec(piece)?.[1];
    if (name) open.push(`\\end{${name}}`);
    else if (piece === "{") open.push("}");
    else if (piece.trim() === "\\left") open.push("\\right.");
    else if (piece === "}" || piece.startsWith("\\end") || piece.trim() === "\\right") open.pop();
  }
  const text = pieces.join("").trim();
  if (text === "") return [];
  open.reverse();
  return [text + open.join(""), `${text}{}${open.map((end) => (end === "}" ? "}{}" : end)).join("")}`];
}

/** One word, sign or command less: what stands alone in front of it goes with it. */
function cutBack(pieces) {
  pieces.pop();
  while (pieces.length && /^\s$/.test(pieces.at(-1))) pieces.pop();
}
