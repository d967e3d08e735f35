/**
 * Parsers for values that flags of several programs have. Each throws a SyntaxError that says what to give instead.
 *
 * @module
 */
import { oneOf } from "./flags.ts";

/** Parses a path. */
export function path(text: string): string {
  if (text.includes("\0")) throw new SyntaxError("give a path without NUL");
  return text;
}

/** Parses the path of a file. */
export function filePath(text: string): string {
  if (/(^|\/)\.{0,2}$/.test(path(text))) throw new SyntaxError("give the path of a file, not of a directory");
  return text;
}

/** Parses the path of a directory, and removes slashes at its end. */
export function directoryPath(text: string): string {
  return path(text).replace(/(?<=.)\/+$/, "");
}

const parseOnOff = oneOf(["on", "off"]);

/** Parses `on` or `off`. */
export function onOff(text: string): boolean {
  return parseOnOff(text) === "on";
}
