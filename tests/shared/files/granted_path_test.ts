import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { makeSymlink } from "../../support/disk/links.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

const DENO = Deno.execPath();
const OPENER = fileURLToPath(new URL("../../support/disk/path_opener.ts", import.meta.url));

/** Each test has a directory of its own, by its real path. */
function test(name: string, fn: (directory: string) => Promise<void>): void {
  Deno.test({
    name: `granted path: ${name}`,
    permissions: { read: ["data"], write: ["data"], run: ["/bin/sh", DENO] },
    fn: () => withDirectory(async (directory) => await fn(await Deno.realPath(directory))),
  });
}

/** What `path` is opened by in a process that was granted these. */
async function open(path: string, ...granted: string[]): Promise<string> {
  const flags = ["read", "write"].map((access) => `--allow-${access}=${granted}`);
  const args = ["run", "--no-prompt", "--quiet", ...flags, OPENER, path];
  const { stdout } = await new Deno.Command(DENO, { args, stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout).trimEnd();
}

const refusal = (real: string) =>
  `NotCapable: a symbolic link leads to ${real}, which --allow-read does not cover`;

test("a path without links is opened as it is, whether it is there or not", async (directory) => {
  await Deno.writeTextFile(`${directory}/a`, "");
  for (const name of ["a", "b", "c/d/e"]) {
    assert.equal(await open(`${directory}/${name}`, directory), `${directory}/${name}`);
  }
});

test("a path that was not granted is refused by the flag that is missing", async (directory) => {
  assert.equal(
    await open(`${directory}/b/c`, `${directory}/a`),
    `NotCapable: read permission is missing; run with --allow-read=${directory}/b/c`,
  );
});

test("a link within what was granted is followed, to what is there and to what is not yet", async (directory) => {
  await Deno.mkdir(`${directory}/d`);
  await makeSymlink("d", `${directory}/to-directory`);
  await makeSymlink("to-directory/new", `${directory}/to-new`);
  await makeSymlink("../to-new", `${directory}/d/back`);
  for (const name of ["to-directory/new", "to-new", "d/back", "to-directory/back"]) {
    assert.equal(await open(`${directory}/${name}`, directory), `${directory}/d/new`, name);
  }
});

test("a link that leads out is refused: of a directory, of a file, to nothing, over several links", async (directory) => {
  const [here, elsewhere] = [`${directory}/here`, `${directory}/elsewhere`];
  for (const each of [here, elsewhere]) await Deno.mkdir(each);
  await Deno.writeTextFile(`${elsewhere}/file`, "");
  await makeSymlink("../elsewhere", `${here}/directory`);
  await makeSymlink(`${elsewhere}/file`, `${here}/file`);
  await makeSymlink("../elsewhere/none", `${here}/nothing`);
  await makeSymlink("file", `${here}/several`);
  const rows: [name: string, real: string][] = [
    ["directory", elsewhere],
    ["directory/new", `${elsewhere}/new`],
    ["directory/new/new", `${elsewhere}/new/new`],
    ["file", `${elsewhere}/file`],
    ["nothing", `${elsewhere}/none`],
    ["several", `${elsewhere}/file`],
  ];
  for (const [name, real] of rows) assert.equal(await open(`${here}/${name}`, here), refusal(real), name);
  assert.equal(await open(`${here}/file`, here, elsewhere), `${elsewhere}/file`, "both were granted");
});

test("a link that was granted itself leads to where it was meant to", async (directory) => {
  await Deno.mkdir(`${directory}/volume`);
  await makeSymlink("volume", `${directory}/data`);
  await makeSymlink("..", `${directory}/volume/up`);
  assert.equal(await open(`${directory}/data/a`, `${directory}/data`), `${directory}/data/a`);
  assert.equal(
    await open(`${directory}/data/up/a`, `${directory}/data`),
    refusal(`${directory}/a`),
  );
});

test("links that lead to one another are an error, not an endless walk", async (directory) => {
  await makeSymlink("b", `${directory}/a`);
  await makeSymlink("a", `${directory}/b`);
  assert.match(await open(`${directory}/a`, directory), /^(FilesystemLoop|Error): /);
});
