/**
 * Parses manuals: the commands that they show, the output of these commands, and tables.
 *
 * @module
 */

/** A command in a fenced block, with the output that the manual shows for it. */
export interface Shown {
  readonly command: string;
  readonly output: readonly string[];
  /** The text of the nearest heading above. */
  readonly section: string;
}

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
  readonly section: string;
}

/** The cells of a row of a table, by the text of the column's heading. */
export type Row = Readonly<Record<string, string>>;

const FENCE = /^( *)```(\w*)$/;

/** Returns the fenced blocks. The indent of a block inside a list is removed. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let section = "";
  let open: { indent: string; language: string; lines: string[] } | undefined;
  for (const line of markdown.split("\n")) {
    const [, indent = "", language = ""] = FENCE.exec(line) ?? [];
    if (open && line === `${open.indent}\`\`\``) {
      blocks.push({ language: open.language, lines: open.lines, section });
      open = undefined;
    } else if (open) open.lines.push(line.slice(open.indent.length));
    else if (FENCE.test(line)) open = { indent, language, lines: [] };
    else section = /^#+ (.*)$/.exec(line)?.[1] ?? section;
  }
  return blocks;
}

/** Returns every command: all lines of `sh` blocks, and the lines of `console` blocks that begin with `$`. */
export function commandsIn(markdown: string): Shown[] {
  return blocksOf(markdown).flatMap(({ language, lines, section }) => {
    if (language !== "sh" && language !== "console") return [];
    const shown: { command: string; output: string[]; section: string }[] = [];
    for (const line of lines.join("\n").replace(/ *\\\n */g, " ").split("\n")) {
      const [, prompted] = /^\$ (.*)$/.exec(line) ?? [];
      if (language === "console" && prompted === undefined) {
        shown.at(-1)!.output.push(line);
      } else if (!/^\s*(#|$)/.test(line)) {
        shown.push({
          command: (prompted ?? line).replace(/\s+# .*$/, ""),
          output: [],
          section,
        });
      }
    }
    return shown;
  });
}

/**
 * Returns the rows of the first table after a heading that has a column of this name.
 *
 * @throws {RangeError} There is no such table.
 */
export function tableOf(
  markdown: string,
  heading: string,
  column: string,
): Row[] {
  const lines = markdown.split("\n");
  let at = lines.findIndex((line) => line.replace(/^#+ /, "") === heading && line.startsWith("#"));
  while (
    at >= 0 && at < lines.length && !cellsOf(lines[at]!).includes(column)
  ) at++;
  const head = cellsOf(lines[at] ?? "");
  const rows: Row[] = [];
  for (at += 2; lines[at]?.startsWith("|"); at++) {
    const cells = cellsOf(lines[at]!);
    rows.push(Object.fromEntries(head.map((name, i) => [name, cells[i]!])));
  }
  if (rows.length === 0) {
    throw new RangeError(
      `The manual has no table with the column "${column}" under "${heading}"`,
    );
  }
  return rows;
}

function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  return line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** Returns the code spans of a text: what is between backticks, outside of fenced blocks. */
export const codesIn = (text: string): string[] =>
  [...text.replace(/^ *```[^]*?^ *```$/gm, "").matchAll(/`([^`\n]+)`/g)].map((
    [, code],
  ) => code!);

/**
 * Splits a command into words as a shell does. `$NAME` is replaced outside of single quotes.
 *
 * @throws {RangeError} A variable is not in `variables`.
 */
export function shellWords(
  command: string,
  variables: Readonly<Record<string, string>> = {},
): string[] {
  const expand = (text: string) =>
    text.replace(/\$(\w+)/g, (_, name: string) => {
      if (variables[name] === undefined) {
        throw new RangeError(`No earlier command has set $${name}`);
      }
      return variables[name];
    });
  return [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replace(
      /'([^']*)'|"([^"]*)"|[^'"]+/g,
      (part, single?: string, double?: string) => {
        return single ?? expand(double ?? part);
      },
    )
  );
}

/** Returns the permissions in a command line of Deno, such as `net=127.0.0.1` or `ignore-env=PG*`. */
export function grantsOf(words: readonly string[]): Set<string> {
  return new Set(words.flatMap((word) => {
    const [, kind, name, scopes] = /^--(allow|ignore)-([a-z]+)=(.*)$/.exec(word) ?? [];
    if (scopes === undefined) return [];
    return scopes.split(",").map((scope) => `${kind === "allow" ? "" : "ignore-"}${name}=${scope}`);
  }));
}

/**
 * Returns the permissions that a column of a table grants, such as `net=127.0.0.1`.
 *
 * @throws {RangeError} A cell is neither `yes` nor `-`.
 */
export function grantsIn(rows: readonly Row[], column: string): Set<string> {
  return new Set(rows.flatMap((row) => {
    if (row[column] !== "yes" && row[column] !== "-") {
      throw new RangeError(`A cell of the column ${column} is "${row[column]}"; write yes or -`);
    }
    if (row[column] === "-") return [];
    return codesIn(row.scope!).map((scope) => `${codesIn(row.permission!)[0]}=${scope}`);
  }));
}

/** Returns the text of an instruction in a stage of a Dockerfile, with continued lines joined. */
export function instructionOf(
  dockerfile: string,
  stage: string,
  instruction: string,
): string | undefined {
  const stages = dockerfile.replace(/\\\n\s*/g, "").split(/^(?=FROM )/m);
  const text = stages.find((each) => each.split("\n")[0]!.endsWith(` AS ${stage}`));
  return text?.match(new RegExp(`^${instruction} (.*)$`, "m"))?.[1];
}
