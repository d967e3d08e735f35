/** Kind of a file in the directory of the followed file, by its name. */
export type NameKind = "active" | "rotated" | "compressed" | "other";

const COMPRESSED = /\.(gz|xz|zst|bz2|lz4|lzma|Z|zip)$/;
/** The aggregator's checkpoints, and temporary files of programs that replace a file. */
const OTHERS = /\.checkpoint-[0-9a-f]+$|\.(new|lock|tmp|swp)$|~$/;

/**
 * Classifies the name of a file in the directory of `active`. Rotated files of `metrics.jsonl` begin with its
 * whole name (`metrics.jsonl.1`, `metrics.jsonl-20261125`), or have the date before the extension
 * (`metrics-20261125.jsonl`).
 */
export function kindOf(name: string, active: string): NameKind {
  if (name === active) return "active";
  const [, stem, extension] = /^(.+?)(\.[^.]*)?$/.exec(active)!;
  const bare = name.replace(COMPRESSED, "");
  const isRotated = bare.startsWith(active) ||
    (extension !== undefined && bare.endsWith(extension) &&
      bare.slice(stem!.length).match(/^[-.]\d/) !== null &&
      bare.startsWith(stem!));
  if (!isRotated || OTHERS.test(name)) return "other";
  return bare === name ? "rotated" : "compressed";
}
