/** Makes short synthetic streams with ffmpeg: a moving test picture and a tone. */

/** The length of each segment, in seconds. */
const SEGMENT_S = 2;

/**
 * Writes a stream as HLS and DASH, both of the same MP4 fragments: `index.m3u8`, its media playlists, and
 * `index.mpd`.
 *
 * @throws {Error} ffmpeg fails; the message contains ffmpeg's own.
 */
export async function makeStream(directory: string, seconds: number): Promise<void> {
  await ffmpeg([
    ...["-f", "lavfi", "-i", `testsrc2=size=320x180:rate=12:duration=${seconds}`],
    ...["-f", "lavfi", "-i", `sine=frequency=440:duration=${seconds}`],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "24", "-keyint_min", "24", "-sc_threshold", "0"],
    ...["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-ac", "2"],
    ...["-f", "dash", "-seg_duration", String(SEGMENT_S), "-use_template", "1", "-use_timeline", "0"],
    ...["-init_seg_name", "init-$RepresentationID$.m4s"],
    ...["-media_seg_name", "part-$RepresentationID$-$Number$.m4s"],
    ...["-hls_playlist", "1", "-hls_master_name", "index.m3u8", `${directory}/index.mpd`],
  ]);
}

async function ffmpeg(args: readonly string[]): Promise<void> {
  const command = new Deno.Command("/usr/bin/ffmpeg", {
    args: ["-nostdin", "-loglevel", "error", "-y", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`ffmpeg: ${new TextDecoder().decode(stderr)}`);
}
