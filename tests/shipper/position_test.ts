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

test("a file is identified by its first line, once that line is complete", () => {
  assert.equal(identityOf(bytesOf("")), undefined);
  assert.equal(identityOf(bytesOf(FIRST.trimEnd())), undefined);
  assert.equal(identityOf(bytesOf(FIRST + REST)), identity);
  assert.notEqual(identityOf(bytesOf(REST + FIRST)), identity);
  const long = "x".repeat(HEAD_BYTES);
  assert.equal(identityOf(bytesOf(`${long}y\n`)), identityOf(bytesOf(`${long}z`)));
});

test("the first window is read from the record in the first line", () => {
  assert.equal(firstSeconds(bytesOf(FIRST)), 10);
  assert.equal(firstSeconds(bytesOf("no record\n")), undefined);
});

/**
 * Resumes a file with this content. Each position is that of a file of which the text `shipped` was shipped.
 */
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

test("it resumes at the matching position, else from the beginning under another identity", async () => {
  const other = REST.replace("11", "12");
  assert.deepEqual(await resumed(FIRST + REST, []), [identity, 0]);
  assert.deepEqual(await resumed(FIRST + REST, [["another", FIRST]]), [identity, 0]);
  assert.deepEqual(await resumed(FIRST + REST, [[identity, FIRST]]), [identity, FIRST.length]);
  assert.deepEqual(await resumed(FIRST + REST, [[identity, FIRST + REST]]), [identity, FIRST.length * 2]);
  // The file was truncated, and has grown past the position.
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

test("a file shorter than its position was truncated, unless it may be an unfinished copy", async () => {
  assert.deepEqual(await resumed(FIRST, [[identity, FIRST + REST]]), [`${identity}~1`, 0]);
  assert.equal(await resumed(FIRST, [[identity, FIRST + REST]], false), undefined);
  assert.deepEqual(await resumed(FIRST + REST, [[identity, FIRST]], false), [identity, FIRST.length]);
});
