import assert from "node:assert/strict";
import { posix } from "node:path";
import denoJson from "../../deno.json" with { type: "json" };
import { manual, MANUALS, manualTest } from "../support/house/manuals.ts";
import * as readme from "../support/house/readme.ts";

/** What GitHub makes of a heading. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(/[^\w\s-]/g, "").replaceAll(" ", "-")
  );

for (const path of MANUALS) {
  manualTest(path, "what it leads to exists: tasks, files, pages, headings", async () => {
    const text = manual(path);
    for (const [, task] of text.matchAll(/\bdeno task ([\w:]+)/g)) {
      assert.ok(task! in denoJson.tasks, `deno.json has no task "${task}"`);
    }
    for (const code of readme.codesIn(text)) {
      if (/^((src|tests)\/|\.ci\/|\.env\.|LICENSE)/.test(code) && !/[*{<]/.test(code)) await Deno.stat(code);
    }
    for (const [, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const file = target === "" ? path : posix.join(posix.dirname(path), target!);
      const page = await Deno.readTextFile(file);
      if (anchor) assert.ok(anchorsOf(page).includes(anchor), `${file} has no heading #${anchor}`);
    }
  }, { read: ["."] });
}
