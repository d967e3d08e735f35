/** What a name beside the followed file means. */
export type NameKind = "active" | "rotated" | "compressed" | "other";

const COMPRESSED = /\.(gz|xz|zst|bz2|lz4|lzma|Z|zip)$/;
/** What the aggregator keeps beside its file, and what programs that write a file anew make for a moment. */
const OTHERS = /\.checkpoint-[0-9a-f]+$|\.(new|lock|tmp|swp)$|~$/;

/**
 * Files that a rotation makes of `metrics.jsonl` begin with its name, or with what stands before its last dot where
 * the date goes before the extension: `metrics.jsonl.1`, `metrics.jsonl-20261125`, `metrics-20261125.jsonl`.
 */
export function kindOf(name: string, active: string): NameKind {
  if (name === active) return "active";
  const [, stem, extension] = /^(.+?)(\.[^.]*)?$/.exec(active)!;
  const bare = name.replace(COMPRESSED, "");
  const isOfIt = bare.startsWith(active) ||
    (extension !== undefined && bare.endsWith(extension) &&
      bare.slice(stem!.length).match(/^[-.]\d/) !== null &&
      bare.startsWith(stem!));
  if (!isOfIt || OTHERS.test(name)) return "other";
  return bare === name ? "rotated" : "compressed";
}
