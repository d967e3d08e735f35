import assert from "node:assert/strict";
import type { StaticFile } from "../../../src/shared/http/static_file.ts";

/** A page and all its files together; a browser on a bad line still opens it within seconds. */
const BYTES_MAX = 150_000;

/** Every file that the page and its scripts name is there, and nothing comes from elsewhere or stands in the page. */
export async function assertWholePage(files: ReadonlyMap<string, StaticFile>): Promise<void> {
  let bytes = 0;
  for (const [path, file] of files) {
    const { body } = await file.answer({ acceptEncoding: undefined, ifNoneMatch: undefined });
    bytes += body.length;
    const text = new TextDecoder().decode(body);
    const named = path === "/"
      ? [...text.matchAll(/(?:src|href)="([^"]+\.\w+)"/g)]
      : path.endsWith(".js")
      ? [...text.matchAll(/^(?:import|\}) .*from "(.*)";$/gm)]
      : [];
    for (const [, name] of named) {
      const target = new URL(name!, `http://a${path}`).pathname;
      assert.ok(files.has(target), `${path} names ${target}`);
    }
    if (path === "/") assert.ok(named.length >= 3);
    assert.doesNotMatch(text.replaceAll("http://www.w3.org/2000/svg", ""), /https?:\/\//, path);
    assert.doesNotMatch(text, /<script>|<style|\sstyle="|\son\w+="/, path);
  }
  assert.ok(bytes < BYTES_MAX, `${bytes} bytes`);
}
