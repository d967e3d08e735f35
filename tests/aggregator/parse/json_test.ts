import assert from "node:assert/strict";
import { fieldAt, MISSING, readObject } from "../../../src/aggregator/parse/json.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether readObject reads the bytes as one object, up to their end. */
function reads(bytes: Uint8Array, overLines = false): boolean {
  return readObject(bytes, 0, bytes.length, overLines) === bytes.length;
}

function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(decoder.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "readObject: returns the place after the object, or the complement of the place that is not JSON",
  permissions: "none",
  fn() {
    const rows: [text: string, returned: number][] = [
      ["{}", 2],
      ["{} \n{}", 3],
      ["{}\r\n", 3],
      ['{"a":[1,{"b":null}]}', 20],
      ["", ~0],
      ["[]", ~0],
      ["{]", ~1],
      ["{}x", 2],
      ["{} \t{}", 4],
      ['{"a"\n:1}', ~4],
      ['{"a":\n1}', ~5],
      ['{"a":-\n}', ~6],
      ['{"a":tru\n}', ~5],
      ['{"\n":1}', ~2],
      ['{"a":[}', ~6],
      ['{"a":1', ~6],
      ['{"a":[0,-1.5,"",null,[],{}]}', 28],
      ['{"a":[1,]}', ~8],
      ['{"a":[1,', ~8],
      ['{"a":[1,\n2]}', ~8],
      ['{"a":[1,"\n"]}', ~9],
    ];
    for (const [text, returned] of rows) {
      const bytes = encoder.encode(text);
      assert.equal(readObject(bytes, 0, bytes.length, false), returned, JSON.stringify(text));
    }
  },
});

Deno.test({
  name: "readObject: over several lines, a line feed is white space, but never valid in a string",
  permissions: "none",
  fn() {
    const rows: [text: string, returned: number][] = [
      ['\n{\n"a"\n:\n[\n1\n,\n{\n}\n]\n}\n', 23],
      ["{}\n\r\n x", 6],
      ["{\n", ~2],
      ['{"\n":1}', ~2],
      ['{"a":-\n}', ~6],
      ['{"a":tru\n}', ~5],
    ];
    for (const [text, returned] of rows) {
      const bytes = encoder.encode(text);
      assert.equal(readObject(bytes, 0, bytes.length, true), returned, JSON.stringify(text));
      assert.equal(reads(bytes, true), parses(bytes), text);
    }
  },
});

Deno.test({
  name: "readObject: notes where the last value of each field begins, at the top level only",
  permissions: "none",
  fn() {
    const rows: [text: string, ...places: number[]][] = [
      ['{"A1":1,"A2":2}', 6, 13, MISSING],
      ['{"A1":1,"A1": []}', 14, MISSING, MISSING],
      ['{"x":{"A1":1},"A3":{"A2":2}}', MISSING, MISSING, 19],
      ['{"\\u00411":1,"A\\u0032":2,"\\u0041\\u0033":3}', 11, 23, 40],
      ['{"\\u00412x":1,"A":1,"\\u0041":2,"A\\u00311":3,"A\\t":4}', MISSING, MISSING, MISSING],
    ];
    for (const [text, ...places] of rows) {
      const bytes = encoder.encode(text);
      assert.equal(readObject(bytes, 0, bytes.length, false), bytes.length, text);
      assert.deepEqual([...fieldAt], places, text);
    }
  },
});

Deno.test({
  name: "readObject: accepts the same pairs of bytes in a string as JSON.parse",
  permissions: "none",
  fn() {
    const bytes = encoder.encode('{"":"__"}');
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        bytes[5] = first;
        bytes[6] = second;
        if (first === 0x0a || second === 0x0a) assert.equal(reads(bytes), false);
        else assert.equal(reads(bytes), parses(bytes), `${first} ${second}`);
      }
    }
  },
});

Deno.test({
  name:
    "readObject: accepts the same UTF-8 of three and four bytes as TextDecoder, at the limits of each range",
  permissions: "none",
  fn() {
    const edges = [0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    const bytes = encoder.encode('{"":"____"}');
    let valid = 0;
    for (let lead = 0xdf; lead < 256; lead++) {
      for (const second of edges) {
        for (const third of edges) {
          for (const fourth of edges) {
            bytes.set([lead, second, third, fourth], 5);
            assert.equal(reads(bytes), parses(bytes), `${lead} ${second} ${third} ${fourth}`);
            if (reads(bytes)) valid++;
          }
        }
      }
    }
    assert.ok(valid > 1000);
  },
});

Deno.test({
  name: "readObject: nesting of thousands of levels is accepted if valid, and rejected if not",
  permissions: "none",
  fn() {
    const levels = 30_000;
    const opened = "[".repeat(levels);
    const closed = "]".repeat(levels);
    const objects = '{"":'.repeat(levels / 4);
    const texts: [text: string, valid: boolean][] = [
      [`{"a":${opened}${closed}}`, true],
      [`{"a":${opened}${closed.slice(1)}}`, false],
      [`{"a":${opened}${closed}]}`, false],
      [`{"a":${opened}}${closed.slice(1)}}`, false],
      [`{"a":${opened}`, false],
      [`${objects}0${"}".repeat(levels / 4)}`, true],
      [`${objects}0${"}".repeat(levels / 4 - 1)}]`, false],
      [`{"a":${'[{"":'.repeat(levels / 5)}0${"}]".repeat(levels / 5)}}`, true],
      [`{"a":${'[{"":'.repeat(levels / 5)}0${"]}".repeat(levels / 5)}}`, false],
      ["{".repeat(levels), false],
    ];
    for (const [text, valid] of texts) assert.equal(reads(encoder.encode(text)), valid, text.slice(0, 20));
  },
});
