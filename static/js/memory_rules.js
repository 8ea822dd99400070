// What a message says of its writer that is worth remembering: plain rules for each language of the page. Knows no page.

const WORD = String.raw`(?<![\p{L}\p{M}])`; // where a word begins; \b knows English letters alone
const SENTENCE = String.raw`(?:^|[.!?…。！？؟।;:\n])[\s¡¿"“„«]*`;
const NAME = String.raw`[^.!?\n,;،؛。！？，；।]+`;

const anywhere = (words) => new RegExp(`${WORD}(?:${words})\\s*(.+)`, "isu");
const atItsBeginning = (words) => new RegExp(`${SENTENCE}(?:${words})\\s*(.+)`, "isu"); // the same words tell what somebody else recalls
const called = (words) => new RegExp(`${WORD}((?:${words})${NAME})`, "iu");

const RULES = [
  anywhere(String.raw`remember\s+(?:that\s|this:?\s)`),
  anywhere(String.raw`merk(?:e)? (?:dir|es dir)(?:[,:]? bitte)?[,:]?\s+(?:dass\s)?`),
  atItsBeginning(String.raw`(?:s’il (?:te|vous) plaît,? |s'il (?:te|vous) plaît,? )?(?:souviens-toi|souvenez-vous|rappelle-toi|retiens|retenez)\s+qu(?:e\s|['’])`),
  atItsBeginning(String.raw`(?:por favor,? )?(?:recuerda|recuerde|acuérdate de)\s+que\s`),
  atItsBeginning(String.raw`(?:من فضلك[،]? )?تذك[ّ]?ر[يْ]?\s+(?=أن)`),
  atItsBeginning(String.raw`(?:请|請)?(?:帮我|幫我)?(?:记住|記住|记得|記得)[，,：:]?`),
  atItsBeginning(String.raw`(?:कृपया )?याद (?:रखना|रखो|रखें|रखिए|रखिएगा)\s+कि\s`),
  called(String.raw`my name is\s+|call me\s+|mein name ist\s+|ich heiße\s+|nenn(?:e)? mich\s+`),
  called(String.raw`je m['’]appelle\s+|appelle[sz]?-moi\s+|me llamo\s+|mi nombre es\s+|llámame\s+`),
  called(String.raw`اسمي\s+|नाम मेरा\s+|मेरा नाम\s+|मुझे (?=\S+ (?:कहो|कहें|कहिए|बुलाओ|बुलाएँ|बुलाइए))`),
  new RegExp(`${SENTENCE}((?:我叫|我的名字是|请叫我|叫我)(?![他她它你您我人])${NAME})`, "iu"),
];
const ABOUT_REMEMBERING = /\bdo you remember\b|\bdon.t remember\b/iu;

/** The fact that a message asks to remember, as one line; null where it asks for nothing or for more than `most` characters. */
export function factIn(text, most) {
  if (ABOUT_REMEMBERING.test(text)) return null;
  for (const rule of RULES) {
    const fact = rule.exec(text)?.[1]?.split("\n", 1)[0].replace(/\s+/gu, " ").trim();
    if (fact) return fact.length <= most ? fact[0].toUpperCase() + fact.slice(1) : null;
  }
  return null;
}
