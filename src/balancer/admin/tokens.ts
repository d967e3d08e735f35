import { createHash, timingSafeEqual } from "node:crypto";
import { UsageError } from "../../shared/flags/flags.ts";

/** What is worth its while against a network's worth of guesses (NIST SP 800-131A). */
export const TOKEN_BITS_MIN = 128;
/** A random token has more than this many different characters in all but one case of ten million. */
const DISTINCT_CHARS_MIN = 8;

/** Who may call the API: what is left of `ADMIN_TOKENS` once they are read. */
export interface Tokens {
  /** None: the API is closed. */
  readonly count: number;
  /** The name of the token, or undefined when it is none of these or missing. */
  authenticate(token: string | undefined): string | undefined;
  /** Whether the token of this name is only for what probes: it may see and report health, and nothing else. */
  isForHealth(name: string): boolean;
}

const HINT = 'give NAME:TOKEN, the token from "openssl rand -hex 32"';

/**
 * Reads `ADMIN_TOKENS`: pairs such as `alice:4f6c…`, separated by commas or white space; `:health` behind a pair makes
 * its token one for health alone.
 * The tokens are kept as their SHA-256 alone, which is enough for random ones: nobody guesses 128 bits.
 *
 * @throws {UsageError} that tells a pair by its place: any part of it may be the secret.
 */
export function parseTokens(text: string): Tokens {
  const digests = new Map<string, Uint8Array>();
  const forHealth = new Set<string>();
  for (const [index, pair] of text.split(/[\s,]+/).filter((part) => part !== "").entries()) {
    const refuse = (why: string) =>
      new UsageError(`Cannot use pair ${index + 1} of ADMIN_TOKENS: ${why}; ${HINT}`);
    const [, name, token, role] = /^([\w.@-]{1,64}):([\w.~+/-]+=*)(:health)?$/.exec(pair) ?? [];
    if (name === undefined || token === undefined) {
      throw refuse("it is not a name of up to 64 letters, digits, and . _ @ -, a colon and a token");
    }
    const weakness = weaknessOf(token);
    if (weakness !== undefined) throw refuse(weakness);
    if (digests.has(name)) throw refuse("its name is given twice");
    const digest = sha256(token);
    if ([...digests.values()].some((other) => timingSafeEqual(other, digest))) {
      throw refuse("its token is another name's too, so that nobody could tell who made a change");
    }
    digests.set(name, digest);
    if (role !== undefined) forHealth.add(name);
  }
  return {
    count: digests.size,
    authenticate(token) {
      // The same steps for every request: neither the time nor the path tells how near a guess came.
      const digest = sha256(token ?? "");
      let found: string | undefined;
      for (const [name, known] of digests) if (timingSafeEqual(known, digest)) found = name;
      return found;
    },
    isForHealth: (name) => forHealth.has(name),
  };
}

/**
 * Reads the token that `--metrics-token` asks of those who watch; what it returns tells whether a token is that one.
 *
 * @throws {UsageError} that doesn't hold it
 */
export function parseMetricsToken(text: string): (token: string) => boolean {
  const refuse = (why: string) =>
    new UsageError(`Cannot use the value of --metrics-token: ${why}; give that from "openssl rand -hex 32"`);
  if (!/^[\w.~+/-]+=*$/.test(text)) throw refuse("it holds other characters than those of a token");
  const weakness = weaknessOf(text);
  if (weakness !== undefined) throw refuse(weakness);
  const digest = sha256(text);
  return (token) => timingSafeEqual(sha256(token), digest);
}

/** Why a token could be guessed, by the most that one of its length and alphabet can hold; undefined if it can't. */
function weaknessOf(token: string): string | undefined {
  const body = token.replace(/=+$/, "");
  const bits = Math.floor(body.length * Math.log2(alphabetSize(body)));
  if (bits < TOKEN_BITS_MIN) {
    return `its token holds at most ${bits} bits, and ${TOKEN_BITS_MIN} is the least ` +
      "(32 hexadecimal digits, or 22 characters of Base64)";
  }
  if (new Set(body).size < DISTINCT_CHARS_MIN) {
    return "its token repeats a few characters, so it is not random";
  }
}

/** The encodings that tokens come in. Base64 without a capital, or without a small letter, is one in 100,000. */
const ALPHABETS: readonly (readonly [RegExp, size: number])[] = [
  [/^[0-9]*$/, 10],
  [/^([0-9a-f]*|[0-9A-F]*)$/, 16],
  [/^([a-z]*|[A-Z]*)$/, 26],
  [/^([0-9a-z]*|[0-9A-Z]*)$/, 36],
  [/^/, 64],
];

const alphabetSize = (text: string): number => ALPHABETS.find(([alphabet]) => alphabet.test(text))![1];

const sha256 = (text: string): Uint8Array => createHash("sha256").update(text).digest();
