/**
 * What a TypeScript source imports, read without a parser: comments and the insides of literals are blanked, which
 * leaves little enough grammar for regular expressions.
 *
 * @module
 */
import { posix } from "node:path";

/** One place where a module names another. */
export interface Import {
  /** From 1. */
  line: number;
  /** As written; `null` when it is computed, so that nobody can tell what is imported. */
  specifier: string | null;
  /** `url`: `new URL("…", import.meta.url)` or `import.meta.resolve("…")`, which name a module without loading it. */
  kind: "static" | "dynamic" | "url";
  /** `import type` or `export type`: gone before the module runs. */
  typeOnly: boolean;
}

const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const QUOTED = /(["'])(?:\\[^]|(?!\1)[^\\\n])*\1/y;
/** From a backtick, or the brace that ends a substitution, to the closing backtick or the next substitution. */
const TEMPLATE = /[`}](?:\\[^]|(?!\$\{)[^\\`])*(?:`|\$\{)/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const WORD = /[\w$]+/y;
/** After one of these words a slash begins a regular expression; after any other it divides. */
const BEFORE_REGEX = /^(?:await|case|delete|do|else|in|of|return|throw|typeof|void|yield)$/;

/**
 * The code alone: comments, and the insides of strings, templates and regular expressions, become spaces. Line breaks
 * and offsets stay, so a place found here is the same place in the source.
 */
export function codeOf(source: string): string {
  const openBraces: string[] = [];
  let code = "";
  /** The last token that was not a space: it tells a division from a regular expression. */
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

/** The line, from 1, on which `offset` falls. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

const FROM = /(?<![.\w$])(?:import|export)\s*(\btype\b(?!\s+from\b))?[\w$\s{},*]*?\bfrom\s*(?=["'])/g;
const BARE = /(?<![.\w$])import\s*(?=["'])/g;
const DYNAMIC = /(?<![.\w$])import\s*\(\s*/g;
const URLS = /(?<![.\w$])(?:new\s+URL|import\s*\.\s*meta\s*\.\s*resolve)\s*\(\s*(?=["'`])/g;

/** Everything `source` imports or names by URL, in the order of the text. */
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

/** The path, from the root of the tree, of what `file` imports as `specifier`; a bare specifier stays as it is. */
export function resolve(file: string, specifier: string): string {
  return /^\.\.?\//.test(specifier) ? posix.join(posix.dirname(file), specifier) : specifier;
}
