/**
 * The reasons to refuse a request before its target is looked at, and the limits of a head.
 *
 * @module
 */

/** The longest target in bytes. A longer target gets 414. */
export const TARGET_BYTES_MAX = 8192;
/** The longest header section in bytes, with its empty line. A longer section gets 431. */
export const SECTION_BYTES_MAX = 16_384;
/** The most header fields. A request with more gets 431. */
export const FIELDS_MAX = 100;
/** The longest request line in bytes: room for a method and the version around the longest target. */
export const LINE_BYTES_MAX = TARGET_BYTES_MAX + 64;
/** The most bytes that a connection buffers for one head, with the empty line that may come first. */
export const HEAD_BYTES_MAX = 2 + LINE_BYTES_MAX + SECTION_BYTES_MAX;

/** Why a request is refused, with the status of the answer. */
export interface Refusal {
  readonly status: number;
  /** A short name for metrics, from a fixed set that clients can't influence. */
  readonly id: string;
  /** One line of printable ASCII for the client. */
  readonly reason: string;
}

const bad = (id: string, reason: string): Refusal => ({ status: 400, id, reason });

export const BAD_LINE = bad(
  "request-line",
  "The request line is not METHOD TARGET HTTP/1.1 with single spaces between them",
);
export const BAD_TARGET = bad(
  "target",
  "The target contains a control character, a space, a # or a byte beyond ASCII: percent-encode it",
);
export const BAD_END = bad("line-end", "A line does not end with CR LF, or contains CR or LF elsewhere");
export const BAD_FIELD = bad("field", "A header line is not NAME: VALUE, with no space before the colon");
export const BAD_VALUE = bad("field-value", "A header value contains a control character");
export const FOLDED = bad("folded-field", "A header line begins with a space: folded lines are not accepted");
export const NO_HOST = bad("no-host", "An HTTP/1.1 request needs a Host header");
export const HOSTS = bad("several-hosts", "Send the Host header once");
export const BAD_HOST = bad("host", "The Host header is not HOST or HOST:PORT");
export const BAD_LENGTH = bad("content-length", "Content-Length is not a single number of bytes");
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
  reason: `The headers are longer than ${SECTION_BYTES_MAX} bytes, or there are more than ${FIELDS_MAX}`,
};
export const UNKNOWN_VERSION: Refusal = { status: 505, id: "version", reason: "Use HTTP/1.1 or HTTP/1.0" };
/** The request is too slow. Nothing is wrong with its head. */
export const TIMED_OUT: Refusal = {
  status: 408,
  id: "timeout",
  reason: "The request did not arrive in time",
};
/** For a server that accepts a body only with Content-Length. */
export const LENGTH_REQUIRED: Refusal = {
  status: 411,
  id: "length-required",
  reason: "Send the body with a Content-Length, not in chunks",
};

/** Every refusal of a request without a body. */
export const HEAD_REFUSALS: readonly Refusal[] = [
  ...[BAD_LINE, BAD_TARGET, BAD_END, BAD_FIELD, BAD_VALUE, FOLDED, NO_HOST, HOSTS, BAD_HOST],
  ...[BAD_LENGTH, TWO_LENGTHS, OLD_CODING, TOO_LONG, TOO_LARGE, UNKNOWN_VERSION, TIMED_OUT],
];
