import assert from "node:assert/strict";
import { fullAnswerOf } from "../../../src/shared/http/static_file.ts";
import { sharedPageFiles } from "../../../src/shared/page/files.ts";

Deno.test({
  name: "page files: each is served below /assets/ under its path in the project, with unchanged content",
  permissions: { read: ["src/shared/page"] },
  async fn() {
    const files = sharedPageFiles();
    const names = (await Array.fromAsync(Deno.readDir("src/shared/page"), ({ name }) => name))
      .filter((name) => !name.endsWith(".ts"));
    assert.deepEqual(
      files.map(([path]) => path).sort(),
      names.map((name) => `/assets/shared/page/${name}`).sort(),
    );
    for (const [path, file] of files) {
      const answer = await file.answer({ acceptEncoding: undefined, ifNoneMatch: undefined });
      const { head, body } = fullAnswerOf(answer);
      assert.equal(new TextDecoder().decode(body), await Deno.readTextFile(path.replace("/assets/", "src/")));
      assert.match(head, /content-type: (text\/(javascript|css)|image\/svg\+xml); charset=utf-8\r\n/);
    }
  },
});
