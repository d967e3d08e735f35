/**
 * Finds the imports of a TypeScript source without a parser. Comments and the contents of literals are
 * blanked first. The rest is simple enough for regular expressions.
 *
 * @module
 */
import { posix } from "node:path";

/** A place where a module names another module. */
export interface Import {
  /** The line number, from 1. */
  line: number;
  /** The specifier as written, or `null` if it is computed and therefore unknown. */
  specifier: string | null;
  /** `url`: `new URL("…", import.meta.url)` or `import.meta.resolve("…")`; neither loads the module. */
  kind: "static" | "dynamic" | "url";
  /** `import type` or `export type`, which the compiler removes. */
  typeOnly: boolean;
}

const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const QUOTED = /(["'])(?:\\[^]|(?!\1)[^\\\n])*\1/y;
/**
 * A part of a template: from a backtick or the end of a substitution to a backtick or the next substitution.
 */
const TEMPLATE = /[`}](?:\\[^]|(?!\$\{)[^\\`])*(?:`|\$\{)/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const WORD = /[\w$]+/y;
/** After these words a slash begins a regular expression; after any other word a slash is a division. */
const BEFORE_REGEX = /^(?:await|case|delete|do|else|in|of|return|throw|typeof|void|yield)$/;

/**
 * Returns `source` with spaces in place of comments and of the contents of strings, templates and regular
 * expressions. Line breaks stay, and so do offsets: an offset in the result is valid in `source`.
 */
export function codeOf(source: string): string {
  const openBraces: string[] = [];
  let code = "";
  /**
   * The last token that is not a space. It decides whether a slash is a division or begins a regular
   * expression.
   */
  let last = "";
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = code.length;
    return pattern.exec(source)?.[0];
  };
  const blank = (text: string): string => text.replace(/[^\n]/g, " ");
  const literal = (text: string, head: number, tail: number): void => {
    code += text.slice(0, head) + blank(text.slice(head, text.length - tail)) +
      text.slice(text.length - tail);
    last = ")";
  };
  while (code.length < source.length) {
    const next = source[code.length]!;
    const comment = take(COMMENT);
    if (comment !== undefined) {
      code += blank(comment);
      continue;
    }
    const quoted = take(QUOTED);
    if (quoted !== undefined) {
      literal(quoted, 1, 1);
      continue;
    }
    const template = next === "`" || (next === "}" && openBraces.at(-1) === "${")
      ? take(TEMPLATE)
      : undefined;
    if (template !== undefined) {
      if (next === "}") openBraces.pop();
      const substitution = template.endsWith("${");
      literal(template, 1, substitution ? 2 : 1);
      if (substitution) openBraces.push(last = "${");
      continue;
    }
    const divides = /^[\w$)\]}]/.test(last) && !BEFORE_REGEX.test(last);
    const regex = next === "/" && !divides ? take(REGEX) : undefined;
    if (regex !== undefined) {
      literal(regex, 1, 1);
      continue;
    }
    if (next === "{") openBraces.push(next);
    if (next === "}") openBraces.pop();
    const token = take(WORD) ?? next;
    code += token;
    if (token.trim() !== "") last = token;
  }
  return code;
}

/** Returns the number, from 1, of the line that contains `offset`. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

const FROM = /(?<![.\w$])(?:import|export)\s*(\btype\b(?!\s+from\b))?[\w$\s{},*]*?\bfrom\s*(?=["'])/g;
const BARE = /(?<![.\w$])import\s*(?=["'])/g;
const DYNAMIC = /(?<![.\w$])import\s*\(\s*/g;
const URLS = /(?<![.\w$])(?:new\s+URL|import\s*\.\s*meta\s*\.\s*resolve)\s*\(\s*(?=["'`])/g;

/** Returns all modules that `source` imports or names by URL, in the order of the text. */
export function importsOf(source: string): Import[] {
  const code = codeOf(source);
  const imports: (Import & { offset: number })[] = [];
  const add = (
    match: RegExpExecArray,
    kind: Import["kind"],
    typeOnly: boolean,
  ): string => {
    const start = match.index + match[0].length;
    const end = code.indexOf(code[start]!, start + 1);
    const after = code.slice(end + 1).trimStart();
    const text = source.slice(start + 1, end);
    const whole = /["'`]/.test(code[start]!) && !text.includes("${") &&
      (kind === "static" || /^[,)]/.test(after));
    const line = lineAt(source, start);
    imports.push({
      line,
      specifier: whole ? text : null,
      kind,
      typeOnly,
      offset: start,
    });
    return after;
  };
  for (const match of code.matchAll(FROM)) {
    add(match, "static", match[1] !== undefined);
  }
  for (const match of code.matchAll(BARE)) add(match, "static", false);
  for (const match of code.matchAll(DYNAMIC)) add(match, "dynamic", false);
  for (const match of code.matchAll(URLS)) {
    const relative = /^,\s*import\s*\.\s*meta\s*\.\s*url\b/.test(
      add(match, "url", false),
    );
    if (match[0].startsWith("new") && !relative) imports.pop();
  }
  return imports.sort((a, b) => a.offset - b.offset).map((
    { offset: _, ...found },
  ) => found);
}

/**
 * Returns the path of `specifier` in `file`, relative to the root folder. A bare specifier is returned
 * unchanged.
 */
export function resolve(file: string, specifier: string): string {
  return /^\.\.?\//.test(specifier) ? posix.join(posix.dirname(file), specifier) : specifier;
}
