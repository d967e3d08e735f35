import assert from "node:assert/strict";
import { NobodyListens, Refusals } from "../../src/sender/refusals.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `refusals: ${name}`, permissions: "none", fn });

test("two seconds of nothing but refusals end the run", () => {
  const refusals = new Refusals(3);
  refusals.sent(64);
  for (let ms = 5000; ms < 7000; ms += 100) {
    refusals.sent(3); // Each source sends one more datagram before the kernel reports a refusal.
    refusals.refused(ms);
  }
  assert.throws(() => refusals.refused(7000), new NobodyListens("21 datagrams were refused"));
  assert.equal(refusals.total, 21);
});

test("a receiver that comes back within two seconds does not end the run", () => {
  const refusals = new Refusals(3);
  refusals.refused(0);
  refusals.refused(1999);
  refusals.sent(4);
  refusals.refused(2000);
  refusals.refused(3999);
  assert.equal(refusals.total, 4);
  assert.throws(() => refusals.refused(4000), NobodyListens);
});
