import { createHash, timingSafeEqual } from "node:crypto";
import { UsageError } from "../../shared/flags/flags.ts";

/**
 * The least strength of a token, in bits, against guesses over the network (NIST SP 800-131A requires 112).
 */
export const TOKEN_BITS_MIN = 128;
/**
 * A token with fewer different characters is not random: of random tokens of 32 hexadecimal digits, less than
 * one in ten million has so few.
 */
const DISTINCT_CHARS_MIN = 8;

/** The tokens of `ADMIN_TOKENS`, which decide who may call the API. */
export interface Tokens {
  /** The number of tokens. With 0 the API refuses every call. */
  readonly count: number;
  /** Returns the name of the token, or undefined if the token is missing or unknown. */
  authenticate(token: string | undefined): string | undefined;
  /** Whether the token of this name is for probers: it may read and report health, and nothing else. */
  isForHealth(name: string): boolean;
}

const HINT = 'give NAME:TOKEN, with a TOKEN made by "openssl rand -hex 32"';

/**
 * Parses `ADMIN_TOKENS`: pairs such as `alice:4f6c…`, separated by commas or white space. A pair that ends in
 * `:health` is a token for health only. Only the SHA-256 of each token is kept. A plain hash is enough,
 * because random tokens of 128 bits cannot be guessed.
 *
 * @throws {UsageError} The message gives the position of the pair, never its text: any part may be the
 * secret.
 */
export function parseTokens(text: string): Tokens {
  const digests = new Map<string, Uint8Array>();
  const forHealth = new Set<string>();
  for (const [index, pair] of text.split(/[\s,]+/).filter((part) => part !== "").entries()) {
    const refuse = (why: string) =>
      new UsageError(`Cannot use pair ${index + 1} of ADMIN_TOKENS: ${why}; ${HINT}`);
    const [, name, token, role] = /^([\w.@-]{1,64}):([\w.~+/-]+=*)(:health)?$/.exec(pair) ?? [];
    if (name === undefined || token === undefined) {
      throw refuse(
        "it is not NAME:TOKEN or NAME:TOKEN:health, with a NAME of up to 64 letters, digits and . _ @ -",
      );
    }
    const weakness = weaknessOf(token);
    if (weakness !== undefined) throw refuse(weakness);
    if (digests.has(name)) throw refuse("an earlier pair has the same name");
    const digest = sha256(token);
    if ([...digests.values()].some((other) => timingSafeEqual(other, digest))) {
      throw refuse("an earlier pair has the same token, so the log could not say who made a change");
    }
    digests.set(name, digest);
    if (role !== undefined) forHealth.add(name);
  }
  return {
    count: digests.size,
    authenticate(token) {
      // Every request takes the same steps, so that the response time does not reveal how close a guess came.
      const digest = sha256(token ?? "");
      let found: string | undefined;
      for (const [name, known] of digests) if (timingSafeEqual(known, digest)) found = name;
      return found;
    },
    isForHealth: (name) => forHealth.has(name),
  };
}

/**
 * Parses the value of `--metrics-token`.
 *
 * @returns a function that says whether a token is the right one
 * @throws {UsageError} The token is malformed or weak. The message does not contain it.
 */
export function parseMetricsToken(text: string): (token: string) => boolean {
  const refuse = (why: string) =>
    new UsageError(
      `Cannot use the value of --metrics-token: ${why}; give a token made by "openssl rand -hex 32"`,
    );
  if (!/^[\w.~+/-]+=*$/.test(text)) throw refuse("it contains a character that a token can't have");
  const weakness = weaknessOf(text);
  if (weakness !== undefined) throw refuse(weakness);
  const digest = sha256(text);
  return (token) => timingSafeEqual(sha256(token), digest);
}

/**
 * Says why a token is too weak, judged by its length and alphabet; undefined if the token is strong enough.
 */
function weaknessOf(token: string): string | undefined {
  const body = token.replace(/=+$/, "");
  const bits = Math.floor(body.length * Math.log2(alphabetSize(body)));
  if (bits < TOKEN_BITS_MIN) {
    return `the token has at most ${bits} bits, but needs ${TOKEN_BITS_MIN} ` +
      "(32 hexadecimal digits, or 22 Base64 characters)";
  }
  if (new Set(body).size < DISTINCT_CHARS_MIN) {
    return "the token repeats a few characters, so it is not random";
  }
}

/**
 * The usual encodings of tokens, smallest alphabet first; the first that fits counts. A random Base64 token
 * of 22 characters lacks capitals, or small letters, once in 100,000 cases, and is then taken for a weaker
 * encoding.
 */
const ALPHABETS: readonly (readonly [RegExp, size: number])[] = [
  [/^[0-9]*$/, 10],
  [/^([0-9a-f]*|[0-9A-F]*)$/, 16],
  [/^([a-z]*|[A-Z]*)$/, 26],
  [/^([0-9a-z]*|[0-9A-Z]*)$/, 36],
  [/^/, 64],
];

const alphabetSize = (text: string): number => ALPHABETS.find(([alphabet]) => alphabet.test(text))![1];

const sha256 = (text: string): Uint8Array => createHash("sha256").update(text).digest();
