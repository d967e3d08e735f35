/**
 * What a request is refused for before anybody looks at what it asks for, and the limits of its head.
 *
 * @module
 */

/** The longest target that is accepted, in bytes; a longer one gets 414. */
export const TARGET_BYTES_MAX = 8192;
/** The longest header section, from behind the request line up to and with its empty line; a longer one gets 431. */
export const SECTION_BYTES_MAX = 16_384;
/** More header fields than this get 431. */
export const FIELDS_MAX = 100;
/** Room for a method and the version around the longest target. */
export const LINE_BYTES_MAX = TARGET_BYTES_MAX + 64;
/** What a connection has to keep at most until a head is whole: the empty line that may come first counts, too. */
export const HEAD_BYTES_MAX = 2 + LINE_BYTES_MAX + SECTION_BYTES_MAX;

/** Why a request is refused, with the status of the answer. */
export interface Refusal {
  readonly status: number;
  /** Short, for counting: one of a few words that no client has a say in. */
  readonly id: string;
  /** One line of printable ASCII, for whoever sent the request. */
  readonly reason: string;
}

const bad = (id: string, reason: string): Refusal => ({ status: 400, id, reason });

export const BAD_LINE = bad(
  "request-line",
  "The request line is not METHOD TARGET HTTP/1.1 with one space between them",
);
export const BAD_TARGET = bad(
  "target",
  "The target holds a control character, a space, a # or a byte beyond ASCII: encode it",
);
export const BAD_END = bad("line-end", "A line ends without CR LF, or holds one of the two elsewhere");
export const BAD_FIELD = bad("field", "A header line is not NAME: VALUE, with no space before the colon");
export const BAD_VALUE = bad("field-value", "A header value holds a control character");
export const FOLDED = bad("folded-field", "A header line begins with a space: folded lines are not accepted");
export const NO_HOST = bad("no-host", "A request of HTTP/1.1 needs a Host header");
export const HOSTS = bad("several-hosts", "Send the Host header once");
export const BAD_HOST = bad("host", "The Host header is not HOST or HOST:PORT");
export const BAD_LENGTH = bad("content-length", "Content-Length is not one number of bytes");
export const TWO_LENGTHS = bad("two-lengths", "Send Content-Length or Transfer-Encoding, not both");
export const OLD_CODING = bad("old-coding", "HTTP/1.0 has no Transfer-Encoding");
export const TOO_LONG: Refusal = {
  status: 414,
  id: "target-too-long",
  reason: `The target is longer than ${TARGET_BYTES_MAX} bytes`,
};
export const TOO_LARGE: Refusal = {
  status: 431,
  id: "head-too-large",
  reason: `The headers take more than ${SECTION_BYTES_MAX} bytes, or are more than ${FIELDS_MAX}`,
};
export const UNKNOWN_VERSION: Refusal = { status: 505, id: "version", reason: "Use HTTP/1.1 or HTTP/1.0" };
/** No part of the head, but when it came. */
export const TIMED_OUT: Refusal = { status: 408, id: "timeout", reason: "The request did not come in time" };
/** For who takes bodies only by their length. */
export const LENGTH_REQUIRED: Refusal = {
  status: 411,
  id: "length-required",
  reason: "Send the body with a Content-Length, not in chunks",
};

/** All that a request without a body can be refused for. */
export const HEAD_REFUSALS: readonly Refusal[] = [
  ...[BAD_LINE, BAD_TARGET, BAD_END, BAD_FIELD, BAD_VALUE, FOLDED, NO_HOST, HOSTS, BAD_HOST],
  ...[BAD_LENGTH, TWO_LENGTHS, OLD_CODING, TOO_LONG, TOO_LARGE, UNKNOWN_VERSION, TIMED_OUT],
];
