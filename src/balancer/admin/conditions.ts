import type { Route } from "../choose/routing.ts";
import { Problem } from "./problems.ts";

/** One element of a list of entity tags, with its comma; a list may have empty ones (RFC 9110, 8.8.3 and 5.6.1). */
const LISTED_TAG = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"[ \t]*)?(?:,|$)/y;

/** The entity tags of a header; `*` for any. */
type TagList = "*" | readonly { readonly weak: boolean; readonly tag: string }[];

/** The conditions of a request, as its headers have them. */
export interface Conditions {
  readonly "If-Match"?: string | undefined;
  readonly "If-None-Match"?: string | undefined;
}

/** The strong entity tag of a route: its version, which is never given twice for one cluster. */
export const etag = ({ version }: Pick<Route, "version">): string => `"${version}"`;

/**
 * Whether a route, or its absence, is what a changing request was meant for (RFC 9110, 13.2.2).
 * Made before the change, called in its transaction.
 *
 * @throws {Problem} invalid-parameter, at once, where a header is not a list of entity tags;
 * precondition-failed, from the function returned.
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
 * Whether the client of a GET has what this entity tag stands for already: 304.
 *
 * @throws {Problem} invalid-parameter
 */
export function notModified(conditions: Conditions, current: string): boolean {
  const ifNoneMatch = tagList("If-None-Match", conditions["If-None-Match"]);
  return ifNoneMatch !== undefined && matches(ifNoneMatch, current, "weak");
}

function failed(header: string, current: Route | undefined): Problem {
  const detail = current === undefined
    ? `${header} asks for a version, but there is no route`
    : `${header} does not fit version ${current.version}, the current one: GET the route and decide anew`;
  return new Problem("precondition-failed", detail, current && { headers: { ETag: etag(current) } });
}

/** A weak tag equals none in the strong comparison; in the weak one its mark makes no difference (RFC 9110, 8.8.3.2). */
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
