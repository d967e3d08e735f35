import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { makeSymlink } from "../../support/disk/links.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

const DENO = Deno.execPath();
const OPENER = fileURLToPath(new URL("./path_opener.ts", import.meta.url));

/** Runs a test with the real path of a new directory. */
function test(name: string, fn: (directory: string) => Promise<void>): void {
  Deno.test({
    name: `granted path: ${name}`,
    permissions: { read: ["data"], write: ["data"], run: ["/bin/sh", DENO] },
    fn: () => withDirectory(async (directory) => await fn(await Deno.realPath(directory))),
  });
}

/** Returns the path that a process with these grants uses to open `path`, or the error. */
async function open(path: string, ...granted: string[]): Promise<string> {
  const flags = ["read", "write"].map((access) => `--allow-${access}=${granted}`);
  const args = ["run", "--no-prompt", "--quiet", ...flags, OPENER, path];
  const { stdout } = await new Deno.Command(DENO, { args, stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout).trimEnd();
}

const refusal = (real: string) =>
  `NotCapable: a symbolic link leads to ${real}, which --allow-read does not cover`;

test("a path without links is used unchanged, whether it exists or not", async (directory) => {
  await Deno.writeTextFile(`${directory}/a`, "");
  for (const name of ["a", "b", "c/d/e"]) {
    assert.equal(await open(`${directory}/${name}`, directory), `${directory}/${name}`);
  }
});

test("a path that is not granted is refused, and the error names the missing flag", async (directory) => {
  assert.equal(
    await open(`${directory}/b/c`, `${directory}/a`),
    `NotCapable: read permission is missing; run with --allow-read=${directory}/b/c`,
  );
});

test("a link within the granted directory is followed, whether its target exists or not", async (directory) => {
  await Deno.mkdir(`${directory}/d`);
  await makeSymlink("d", `${directory}/to-directory`);
  await makeSymlink("to-directory/new", `${directory}/to-new`);
  await makeSymlink("../to-new", `${directory}/d/back`);
  for (const name of ["to-directory/new", "to-new", "d/back", "to-directory/back"]) {
    assert.equal(await open(`${directory}/${name}`, directory), `${directory}/d/new`, name);
  }
});

test("a link out of the granted directory is refused: to a directory, a file, nothing, or over several links", async (directory) => {
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
  assert.equal(await open(`${here}/file`, here, elsewhere), `${elsewhere}/file`, "both are granted");
});

test("a granted path may itself be a link, but a link below it may not lead out of its target", async (directory) => {
  await Deno.mkdir(`${directory}/volume`);
  await makeSymlink("volume", `${directory}/data`);
  await makeSymlink("..", `${directory}/volume/up`);
  assert.equal(await open(`${directory}/data/a`, `${directory}/data`), `${directory}/data/a`);
  assert.equal(
    await open(`${directory}/data/up/a`, `${directory}/data`),
    refusal(`${directory}/a`),
  );
});

test("a cycle of links is an error, not an endless loop", async (directory) => {
  await makeSymlink("b", `${directory}/a`);
  await makeSymlink("a", `${directory}/b`);
  assert.match(await open(`${directory}/a`, directory), /^(FilesystemLoop|Error): /);
});
