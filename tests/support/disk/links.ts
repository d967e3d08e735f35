/** Makes a symbolic link by /bin/sh: Deno.symlink needs access to all files, /bin/sh only run permission. */
export function makeSymlink(target: string, path: string): Promise<void> {
  return link("-s", target, path);
}

/** Makes a hard link, a second name for a file, with /bin/sh. */
export function makeHardLink(target: string, path: string): Promise<void> {
  return link("-T", target, path);
}

async function link(option: string, target: string, path: string): Promise<void> {
  const args = ["-c", 'ln "$0" "$1" "$2"', option, target, path];
  const { success, stderr } = await new Deno.Command("/bin/sh", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
