/**
 * The files that the pages of both services share: style sheets, charts, formats of numbers, and the
 * connection to the service.
 *
 * @module
 */
import { StaticFile } from "../http/static_file.ts";
import chart from "./chart.js" with { type: "text" };
import chartStyle from "./chart.css" with { type: "text" };
import colours from "./colours.css" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import format from "./format.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import live from "./live.js" with { type: "text" };
import scale from "./scale.js" with { type: "text" };
import style from "./shell.css" with { type: "text" };
import tiles from "./tiles.js" with { type: "text" };
import verdict from "./verdict.js" with { type: "text" };

/**
 * Returns every shared file by its URL path. Paths below `/assets/` are those below `src/`, so that the
 * relative imports of the scripts work in both places.
 */
export const sharedPageFiles = (): [path: string, file: StaticFile][] =>
  ([
    ["chart.js", "text/javascript", chart],
    ["dom.js", "text/javascript", dom],
    ["format.js", "text/javascript", format],
    ["live.js", "text/javascript", live],
    ["scale.js", "text/javascript", scale],
    ["tiles.js", "text/javascript", tiles],
    ["verdict.js", "text/javascript", verdict],
    ["shell.css", "text/css", style],
    ["chart.css", "text/css", chartStyle],
    ["colours.css", "text/css", colours],
    ["icon.svg", "image/svg+xml", icon],
  ] as const).map(([name, type, text]) => [`/assets/shared/page/${name}`, new StaticFile(type, text)]);
