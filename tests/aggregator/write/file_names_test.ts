import assert from "node:assert/strict";
import { checkpointPathOf, isCheckpointOf, isFileOf } from "../../../src/aggregator/write/file_names.ts";

const OUT = "data/metrics.jsonl";

const WHAT = {
  output: "a file of the output",
  checkpoint: "a checkpoint",
  neither: "another program's",
} as const;

const TABLE: readonly (readonly [name: string, is: "output" | "checkpoint" | "neither"])[] = [
  ["metrics.jsonl", "output"],
  ["metrics.jsonl-2026-11-28", "output"],
  ["metrics.jsonl.1", "output"],
  ["metrics.jsonl.checkpoint-0badcafe", "checkpoint"],
  ["metrics.jsonl.checkpoint-0badcafe.new", "checkpoint"],
  ["metrics.jsonl.checkpoint-0badcafe.5eed.new", "checkpoint"],
  // A name that only begins like a checkpoint's counts as one of the output's rotated files.
  ["metrics.jsonl.checkpoint-notes.txt", "output"],
  ["metrics.json", "neither"],
  ["other.jsonl", "neither"],
];

for (const [name, is] of TABLE) {
  Deno.test({
    name: `file names: ${name} is ${WHAT[is]}`,
    permissions: "none",
    fn() {
      const path = `data/${name}`;
      assert.equal(isFileOf(OUT, path), is === "output");
      assert.equal(isCheckpointOf(checkpointPathOf(OUT), path), is === "checkpoint");
    },
  });
}
