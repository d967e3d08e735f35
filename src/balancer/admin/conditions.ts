import type { Route } from "../choose/routing.ts";
import { Problem } from "./problems.ts";

/** An element of a list of entity tags, with its comma. Elements may be empty (RFC 9110, 8.8.3 and 5.6.1). */
const LISTED_TAG = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"[ \t]*)?(?:,|$)/y;

/** The entity tags of a header, or `*`, which matches every tag. */
type TagList = "*" | readonly { readonly weak: boolean; readonly tag: string }[];

/** The conditional headers of a request. */
export interface Conditions {
  readonly "If-Match"?: string | undefined;
  readonly "If-None-Match"?: string | undefined;
}

/** Returns the strong entity tag of a route: its version. A cluster never has the same version twice. */
export const etag = ({ version }: Pick<Route, "version">): string => `"${version}"`;

/**
 * Parses the conditions of a request for a change (RFC 9110, 13.2.2).
 *
 * @returns a function that checks the conditions inside the transaction of the change. It takes the current
 * route, or undefined if there is none, and throws a `precondition-failed` {@linkcode Problem} if a condition
 * does not hold.
 * @throws {Problem} invalid-parameter: a header is not a list of entity tags.
 */
export function precondition(conditions: Conditions): (current: Route | undefined) => void {
  const ifMatch = tagList("If-Match", conditions["If-Match"]);
  const ifNoneMatch = tagList("If-None-Match", conditions["If-None-Match"]);
  return (current) => {
    const tag = current && etag(current);
    if (ifMatch && !matches(ifMatch, tag, "strong")) throw failed("If-Match", current);
    if (ifNoneMatch && matches(ifNoneMatch, tag, "weak")) throw failed("If-None-Match", current);
  };
}

/**
 * Whether to answer a GET with 304, because the client already has the content with this entity tag.
 *
 * @throws {Problem} invalid-parameter: the header is not a list of entity tags.
 */
export function notModified(conditions: Conditions, current: string): boolean {
  const ifNoneMatch = tagList("If-None-Match", conditions["If-None-Match"]);
  return ifNoneMatch !== undefined && matches(ifNoneMatch, current, "weak");
}

function failed(header: string, current: Route | undefined): Problem {
  const detail = current === undefined
    ? `${header} requires that the route exists, but there is none`
    : `${header} excludes the current version ${current.version}: GET the route, and decide again`;
  return new Problem("precondition-failed", detail, current && { headers: { ETag: etag(current) } });
}

/** A strong comparison matches no weak tag. A weak comparison ignores the mark `W/` (RFC 9110, 8.8.3.2). */
function matches(list: TagList, current: string | undefined, comparison: "strong" | "weak"): boolean {
  if (current === undefined) return false;
  if (list === "*") return true;
  return list.some(({ weak, tag }) => `"${tag}"` === current && (comparison === "weak" || !weak));
}

function tagList(header: string, value: string | undefined): TagList | undefined {
  if (value === undefined || value === "*") return value;
  const tags: { weak: boolean; tag: string }[] = [];
  LISTED_TAG.lastIndex = 0;
  for (let end = 0; end < value.length; end = LISTED_TAG.lastIndex) {
    const element = LISTED_TAG.exec(value);
    if (element === null) throw malformed(header);
    const [, weak, tag] = element;
    if (tag !== undefined) tags.push({ weak: weak !== undefined, tag });
  }
  if (tags.length === 0) throw malformed(header);
  return tags;
}

function malformed(header: string): Problem {
  const detail = 'give entity tags in quotes, separated by commas, such as "3", or * for any';
  return new Problem("invalid-parameter", `${header}: ${detail}`, { errors: [{ header, detail }] });
}
