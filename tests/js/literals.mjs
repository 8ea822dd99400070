// The literals of a module with what stands around them: enough of JavaScript's grammar to tell strings, templates, comments,
// regular expressions and calls apart. It judges nothing.

const IMPORTED = /^import \{([^}]*)\} from "\.\/words\.js";/m;
const ENDS_A_VALUE = /[\w$)\]}"'`]$/;
const BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|throw|await|else)$/;

/** found: [{text, line, before, said}], where said is the call (t, n, p, mark) whose own argument it is, and a template has NUL for what is
 *  put into it; nested: lines where one of these calls stands within another; unread: lines where t or mark has no plain string. */
export function literals(source) {
  return new Reader(source).read();
}

class Reader {
  constructor(source) {
    this.words = IMPORTED.exec(source)?.[1].match(/\w+/g) ?? [];
    Object.assign(this, { source, at: 0, code: "", found: [], calls: [], nested: [], unread: [] });
  }

  read() {
    while (this.at < this.source.length) this.#step();
    const { found, nested, unread } = this;
    return { found, nested, unread };
  }

  #step() {
    const { source, at } = this;
    const two = source.slice(at, at + 2);
    const sign = source[at];
    if (two === "//") this.#skip(/\n|$/g);
    else if (two === "/*") this.#skip(/\*\//g);
    else if (sign === '"' || sign === "'") this.#string(sign);
    else if (sign === "`") this.#template();
    else if (sign === "/" && this.#beginsRegex()) this.#regex();
    else this.#plain(sign);
  }

  #skip(end) {
    end.lastIndex = this.at + 2;
    const found = end.exec(this.source);
    this.at = found.index + (found[0] === "*/" ? 2 : 0);
  }

  #plain(sign) {
    if ("([{".includes(sign)) this.#open(sign);
    else if (")]}".includes(sign)) this.calls.pop();
    this.code += sign;
    this.at += 1;
  }

  /** A bracket: which of the words' functions it calls, if any. */
  #open(sign) {
    const name = sign === "(" ? /(?<![\w$.#])(\w+)$/.exec(this.code)?.[1] : null;
    const said = ["t", "n", "p", "mark"].includes(name) && this.words.includes(name) ? name : null;
    if (said && this.calls.some((call) => call)) this.nested.push(this.#line());
    if (["t", "p", "mark"].includes(said) && this.source[this.at + 1] !== '"') this.unread.push(this.#line());
    this.calls.push(said);
  }

  #string(quote) {
    const end = new RegExp(`(?:[^\\\\${quote}]|\\\\[\\s\\S])*${quote}`, "y");
    end.lastIndex = this.at + 1;
    const [body] = end.exec(this.source);
    this.found.push({ text: body.slice(0, -1), ...this.#place() });
    this.code += /^[\w-]*"$/.test(body) ? `"${body}` : '""'; // a name is kept: it may be that of an attribute
    this.at += 1 + body.length;
  }

  /** Its plain parts; what stands in ${} is read as code. */
  #template() {
    const note = this.#place();
    this.at += 1;
    let text = "";
    while (this.source[this.at] !== "`") {
      if (this.source.startsWith("${", this.at)) {
        this.#hole();
        text += "\0";
      } else {
        const length = this.source[this.at] === "\\" ? 2 : 1;
        text += this.source.slice(this.at, this.at + length);
        this.at += length;
      }
    }
    this.at += 1;
    this.found.push({ text, ...note });
    this.code += '""';
  }

  #hole() {
    this.at += 2;
    const depth = this.calls.length;
    this.calls.push(null);
    this.code += "(";
    while (this.source[this.at] !== "}" || this.calls.length > depth + 1) this.#step();
    this.calls.pop();
    this.code += ")";
    this.at += 1;
  }

  #beginsRegex() {
    const before = this.code.trimEnd();
    return before === "" || BEFORE_REGEX.test(before) || !ENDS_A_VALUE.test(before);
  }

  #regex() {
    const end = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
    end.lastIndex = this.at;
    this.at += end.exec(this.source)[0].length;
    this.code += "/r/0"; // a value has ended
  }

  #line() {
    return this.source.slice(0, this.at).split("\n").length;
  }

  #place() {
    const before = this.code.slice(this.code.lastIndexOf("\n") + 1);
    return { line: this.#line(), before, said: this.calls.at(-1) ?? null };
  }
}
