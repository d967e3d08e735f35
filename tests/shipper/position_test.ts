import assert from "node:assert/strict";
import {
  firstSeconds,
  HEAD_BYTES,
  identityOf,
  type Position,
  resume,
  tailOf,
} from "../../src/shipper/position.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const FIRST = '{"timestamp":10, "count_type":"1s"}\n';
const REST = '{"timestamp":11, "count_type":"1s"}\n';
const identity = identityOf(bytesOf(FIRST))!;

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: `position: ${name}`, permissions: "none", fn });
}

test("a file is known by its first line, once that is whole, whatever comes after it", () => {
  assert.equal(identityOf(bytesOf("")), undefined);
  assert.equal(identityOf(bytesOf(FIRST.trimEnd())), undefined);
  assert.equal(identityOf(bytesOf(FIRST + REST)), identity);
  assert.notEqual(identityOf(bytesOf(REST + FIRST)), identity);
  const long = "x".repeat(HEAD_BYTES);
  assert.equal(identityOf(bytesOf(`${long}y\n`)), identityOf(bytesOf(`${long}z`)));
});

test("the first window is that of a record in the first line", () => {
  assert.equal(firstSeconds(bytesOf(FIRST)), 10);
  assert.equal(firstSeconds(bytesOf("no record\n")), undefined);
});

/** The file, and positions as they were when it was shipped up to these texts. */
async function resumed(
  content: string,
  positions: readonly (readonly [identity: string, shipped: string])[],
  isSettled = true,
) {
  const bytes = bytesOf(content);
  const known = new Map(positions.map(([identity, shipped]): [string, Position] => [
    identity,
    { identity, offset: shipped.length, tail: tailOf(bytesOf(shipped)) },
  ]));
  const facts = { identity, size: bytes.length, isSettled };
  const found = await resume(
    { ...facts, tailAt: (at) => Promise.resolve(tailOf(bytes.subarray(0, at))) },
    known,
  );
  return found && [found.identity, found.offset];
}

test("it goes on at the position that fits, else from the beginning under another name", async () => {
  const other = REST.replace("11", "12");
  assert.deepEqual(await resumed(FIRST + REST, []), [identity, 0]);
  assert.deepEqual(await resumed(FIRST + REST, [["another", FIRST]]), [identity, 0]);
  assert.deepEqual(await resumed(FIRST + REST, [[identity, FIRST]]), [identity, FIRST.length]);
  assert.deepEqual(await resumed(FIRST + REST, [[identity, FIRST + REST]]), [identity, FIRST.length * 2]);
  // Cut, and grown past the position.
  assert.deepEqual(await resumed(FIRST + other + REST, [[identity, FIRST + REST]]), [`${identity}~1`, 0]);
  assert.deepEqual(
    await resumed(FIRST + other, [[identity, FIRST + REST], [`${identity}~1`, FIRST + other]]),
    [`${identity}~1`, FIRST.length * 2],
  );
  assert.deepEqual(
    await resumed(FIRST + other, [[identity, FIRST + REST], [`${identity}~1`, FIRST + REST + REST]]),
    [`${identity}~2`, 0],
  );
});

test("a shorter file is one that was cut, unless it may be a copy on its way", async () => {
  assert.deepEqual(await resumed(FIRST, [[identity, FIRST + REST]]), [`${identity}~1`, 0]);
  assert.equal(await resumed(FIRST, [[identity, FIRST + REST]], false), undefined);
  assert.deepEqual(await resumed(FIRST + REST, [[identity, FIRST]], false), [identity, FIRST.length]);
});
