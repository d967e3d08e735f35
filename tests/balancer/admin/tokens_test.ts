import assert from "node:assert/strict";
import fc from "fast-check";
import { parseMetricsToken, parseTokens } from "../../../src/balancer/admin/tokens.ts";
import { UsageError } from "../../../src/shared/flags/flags.ts";

const HEX = "0123456789abcdef0123456789abcdef";
const BASE64 = "Zm9vYmFyYmF6cXV4cXV1eA";

Deno.test({
  name: "tokens: pairs are separated by commas or white space",
  permissions: "none",
  fn() {
    const accepted: [text: string, count: number][] = [
      ["", 0],
      [" ,\n\t, ", 0],
      [`alice:${HEX}`, 1],
      [`alice:${HEX},bob:${BASE64}`, 2],
      [`\nalice:${HEX},\r\n  bob:${BASE64}==\n`, 2],
      [`a.b@c_d-e:${HEX.toUpperCase()} c:${BASE64}-_.~+/`, 2],
      [`digits:${"0123456789".repeat(4)}`, 1],
      [`alice:${HEX} prober:${BASE64}==:health`, 2],
      [`lower:${"abcdefghijklmnopqrstuvwxyz"}z1`, 1],
    ];
    for (const [text, count] of accepted) assert.equal(parseTokens(text).count, count, text);
  },
});

Deno.test({
  name: "tokens: a malformed, weak or ambiguous pair is refused, and no token is shown",
  permissions: "none",
  fn() {
    const refused: [text: string, place: number, why: RegExp][] = [
      [HEX, 1, /not NAME:TOKEN/],
      [`:${HEX}`, 1, /not NAME:TOKEN/],
      ["alice:", 1, /not NAME:TOKEN/],
      [`alice=${HEX}`, 1, /not NAME:TOKEN/],
      [`alice:${HEX}:x`, 1, /not NAME:TOKEN/],
      [`alice:${HEX}:Health`, 1, /not NAME:TOKEN/],
      [`alice:${HEX}:health:health`, 1, /not NAME:TOKEN/],
      [`alice:secret:health`, 1, /at most/],
      [`alice:${HEX} bob:${HEX}:health`, 2, /same token/],
      [`alice:${HEX};bob:${BASE64}`, 1, /not NAME:TOKEN/],
      [`ålice:${HEX}`, 1, /not NAME:TOKEN/],
      [`alice:${HEX}\u00e9`, 1, /not NAME:TOKEN/],
      [`alice:=${HEX}`, 1, /not NAME:TOKEN/],
      [`${"a".repeat(65)}:${HEX}`, 1, /not NAME:TOKEN/],
      // Name and token are swapped.
      [`${HEX}:alice`, 1, /at most 23 bits/],
      [`alice:${HEX.slice(1)}`, 1, /at most 124 bits/],
      [`alice:${BASE64.slice(1)}`, 1, /at most 126 bits/],
      [`alice:${BASE64.slice(1)}====`, 1, /at most 126 bits/],
      ["alice:012345678901234567890123456789012345", 1, /at most 119 bits/],
      ["alice:correcthorsebatterystaple", 1, /at most 117 bits/],
      [`alice:${"0".repeat(64)}`, 1, /repeats/],
      [`alice:${"abcABC1".repeat(6)}`, 1, /repeats/],
      [`alice:${HEX}, alice:${BASE64}`, 2, /same name/],
      [`alice:${HEX} bob:${HEX}`, 2, /same token/],
      [`alice:${HEX} bob:${BASE64} carol:secret`, 3, /at most/],
    ];
    for (const [text, place, why] of refused) {
      const message = messageOf(() => parseTokens(text));
      assert.match(message, why, text);
      assert.ok(message.startsWith(`Cannot use pair ${place} of ADMIN_TOKENS: `), message);
      for (const secret of [HEX, BASE64, "secret", "correct"]) assert.ok(!message.includes(secret), message);
    }
  },
});

Deno.test({
  name: "tokens: a token gives its name, and any other text gives none",
  permissions: "none",
  fn() {
    const tokens = parseTokens(`alice:${HEX} bob:${BASE64}==`);
    assert.equal(tokens.authenticate(HEX), "alice");
    assert.equal(tokens.authenticate(`${BASE64}==`), "bob");
    assert.ok(!tokens.isForHealth("alice"));
    const prober = parseTokens(`alice:${HEX} prober:${BASE64}:health`);
    assert.equal(prober.authenticate(BASE64), "prober");
    assert.deepEqual(["alice", "prober"].map(prober.isForHealth), [false, true]);
    const strangers = [
      undefined,
      "",
      "alice",
      HEX.slice(1),
      HEX.slice(0, -1),
      `${HEX}0`,
      HEX.toUpperCase(),
      BASE64,
    ];
    for (const token of strangers) assert.equal(tokens.authenticate(token), undefined, token);
    assert.equal(parseTokens("").authenticate(""), undefined);
    fc.assert(fc.property(fc.string(), (token) => tokens.authenticate(token) === undefined));
    const shown = Deno.inspect(tokens, { showHidden: true, depth: 9 }) + JSON.stringify(tokens);
    assert.ok(!shown.includes(HEX) && !shown.includes(BASE64), shown);
  },
});

Deno.test({
  name: "tokens: every random token of 128 bits or more is accepted",
  permissions: "none",
  fn() {
    for (const length of [16, 24, 32]) {
      for (let at = 0; at < 100; at++) {
        const bytes = crypto.getRandomValues(new Uint8Array(length));
        for (const token of [bytes.toHex(), bytes.toBase64(), bytes.toBase64({ alphabet: "base64url" })]) {
          assert.equal(parseTokens(`a:${token}`).authenticate(token), "a");
        }
      }
    }
  },
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  assert.fail("accepted");
}

Deno.test({
  name: "tokens: a weak or malformed metrics token is refused without being shown",
  permissions: "none",
  fn() {
    const token = "0123456789abcdef".repeat(2);
    const isRight = parseMetricsToken(token);
    assert.deepEqual([isRight(token), isRight(`${token}0`), isRight("")], [true, false, false]);
    for (const wrong of ["short", `${token} ${token}`, "a".repeat(40)]) {
      assert.throws(() => parseMetricsToken(wrong), (error: Error) => {
        assert.match(error.message, /^Cannot use the value of --metrics-token: /);
        return !error.message.includes(wrong);
      });
    }
  },
});
