import assert from "node:assert/strict";
import { duration, formatDuration } from "../../../src/shared/flags/duration.ts";

Deno.test({
  name: "duration: a number with a unit is accepted",
  permissions: "none",
  fn() {
    const parse = duration(0, 3_600_000, Infinity);
    const times = [["500ms", 500], ["10s", 10_000], ["1m", 60_000], ["1h", 3_600_000], ["0s", 0], [
      "off",
      Infinity,
    ]];
    for (const [text, ms] of times) assert.equal(parse(text as string), ms);
  },
});

Deno.test({
  name: "duration: an invalid, too short or too long time is refused, and the error says what to give",
  permissions: "none",
  fn() {
    const parse = duration(100, 60_000);
    for (const text of ["", "10", "s", "1.5s", "-1s", "1e3s", "01s", "10 s", "10S", "1d", "off"]) {
      assert.throws(() => parse(text), /^SyntaxError: give a time such as 500ms, 10s or 1m$/, text);
    }
    for (const text of ["99ms", "61s", "999999999h"]) {
      assert.throws(() => parse(text), /^RangeError: give a time from 100ms to 1m$/, text);
    }
    assert.throws(() => duration(0, 1000, Infinity)("2s"), /from 0s to 1s, or off$/);
  },
});

Deno.test({
  name: "duration: it is written in the largest unit that gives a whole number",
  permissions: "none",
  fn() {
    for (const text of ["0s", "1ms", "90s", "2m", "1h"]) {
      assert.equal(formatDuration(duration(0, 3_600_000)(text)), text);
    }
  },
});
