import assert from "node:assert/strict";
import { kindOf, type NameKind } from "../../src/shipper/names.ts";

const NAMES: readonly (readonly [name: string, kind: NameKind])[] = [
  ["metrics.jsonl", "active"],
  ["metrics.jsonl.1", "rotated"],
  ["metrics.jsonl-20261125", "rotated"],
  ["metrics.jsonl-20261125-1795304533", "rotated"],
  ["metrics-20261125.jsonl", "rotated"],
  ["metrics.1.jsonl", "rotated"],
  ["metrics.jsonl.old", "rotated"],
  ["metrics.jsonl.2.gz", "compressed"],
  ["metrics-20261125.jsonl.zst", "compressed"],
  ["metrics.jsonl.checkpoint-0a1b", "other"],
  ["metrics.jsonl.checkpoint-0a1b.new", "other"],
  // Temporary files have such names (createBeside in data_files.ts).
  ["metrics.jsonl.checkpoint-0a1b.01234567.new", "other"],
  ["metrics.jsonl.89abcdef.new", "other"],
  ["metrics.jsonl.2026-11-25", "rotated"],
  ["metrics.jsonl.2026-11-25T101500Z-1", "rotated"],
  ["metrics.jsonl~", "other"],
  ["metrics.jsonl.tmp", "other"],
  ["metrics-eu.jsonl", "other"],
  ["metrics", "other"],
  ["other.jsonl", "other"],
  ["balancer", "other"],
];

Deno.test({
  name: "names: rotated files are distinguished from other files in the directory",
  permissions: "none",
  fn() {
    for (const [name, kind] of NAMES) assert.equal(kindOf(name, "metrics.jsonl"), kind, name);
    assert.equal(kindOf("a", "a"), "active");
    assert.equal(kindOf("a.1", "a"), "rotated");
    assert.equal(kindOf("b", "a"), "other");
  },
});
