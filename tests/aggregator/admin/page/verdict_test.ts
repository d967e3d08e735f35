import assert from "node:assert/strict";
import { verdictOf } from "../../../../src/aggregator/admin/page/verdict.js";

const WELL = {
  troubles: [],
  checkpoint: { up: true },
  messages: { rejected: { not_json: 3, missing_field: 7 } },
};
const QUIET = { accepted: 0, rejected: 0, dropped: 0 };

Deno.test({
  name: "page verdict: one sentence gives the state, and each further trouble adds advice",
  permissions: "none",
  fn() {
    const troubles = [{ code: "a", text: "It is full." }, { code: "b", text: "It is slow." }];
    const rows: [Record<string, unknown>, Parameters<typeof verdictOf>[1], string, RegExp, number][] = [
      [{}, QUIET, "good", /^All is well/, 0],
      [{ checkpoint: { up: null } }, { accepted: null, rejected: null, dropped: null }, "good", /well/, 0],
      // Before the first report the status has troubles only.
      [{ troubles, checkpoint: undefined, messages: undefined }, undefined, "bad", /^It is full\.$/, 1],
      [{ troubles }, { ...QUIET, dropped: 9 }, "bad", /^It is full\.$/, 1],
      [{}, { ...QUIET, dropped: 9 }, "warn", /drops 9.* datagrams a second/, 0],
      [{}, { ...QUIET, accepted: 99, rejected: 1 }, "good", /well/, 0],
      [{}, { ...QUIET, accepted: 98, rejected: 2 }, "warn", /^2.* of the messages .* is missing_field/, 0],
      [{}, { ...QUIET, accepted: null, rejected: 2 }, "good", /well/, 0],
      [{ checkpoint: { up: false } }, QUIET, "warn", /checkpoint can't be written/, 0],
      [{ checkpoint: { up: false } }, { accepted: 0, rejected: 5, dropped: 9 }, "warn", /drops/, 2],
    ];
    for (const [change, rates, tone, sentence, advice] of rows) {
      const verdict = verdictOf({ ...WELL, ...change }, rates);
      assert.equal(verdict.tone, tone);
      assert.match(verdict.sentence, sentence);
      assert.equal(verdict.advice.length, advice);
    }
  },
});
