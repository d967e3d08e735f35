/** Makes a symbolic link: Deno would need every permission for it, /bin/sh takes run permission for itself. */
export function makeSymlink(target: string, path: string): Promise<void> {
  return link("-s", target, path);
}

/** Gives a file one more name. */
export function makeHardLink(target: string, path: string): Promise<void> {
  return link("-T", target, path);
}

async function link(option: string, target: string, path: string): Promise<void> {
  const args = ["-c", 'ln "$0" "$1" "$2"', option, target, path];
  const { success, stderr } = await new Deno.Command("/bin/sh", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
