import assert from "node:assert/strict";
import { posix } from "node:path";
import denoJson from "../../deno.json" with { type: "json" };
import { manual, MANUALS, manualTest } from "../support/house/manuals.ts";
import * as parser from "../support/house/manual_parser.ts";

/** Returns the anchors that GitHub makes of the headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(/[^\w\s-]/g, "").replaceAll(" ", "-")
  );

for (const path of MANUALS) {
  manualTest(path, "every task, file and link that it names exists", async () => {
    const text = manual(path);
    for (const [, task] of text.matchAll(/\bdeno task ([\w:]+)/g)) {
      assert.ok(task! in denoJson.tasks, `deno.json has no task "${task}"`);
    }
    for (const code of parser.codesIn(text)) {
      if (/^((src|tests)\/|\.ci\/|\.env\.|LICENSE)/.test(code) && !/[*{<]/.test(code)) await Deno.stat(code);
    }
    for (const [, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const file = target === "" ? path : posix.join(posix.dirname(path), target!);
      const page = await Deno.readTextFile(file);
      if (anchor) assert.ok(anchorsOf(page).includes(anchor), `${file} has no heading #${anchor}`);
    }
  }, { read: ["."] });
}
