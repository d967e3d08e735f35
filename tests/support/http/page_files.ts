import assert from "node:assert/strict";
import type { StaticFile } from "../../../src/shared/http/static_file.ts";

/** The limit for a page with all its files, uncompressed, so that a slow line loads them within seconds. */
const BYTES_MAX = 150_000;

/**
 * Asserts that every file named by the page and its scripts is there, that nothing is loaded from another
 * host, and that the page has no inline script or style.
 */
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
