/**
 * The files of the page. They are imported as text, so serving them needs no read permission.
 *
 * @module
 */
import { sharedPageFiles } from "../../shared/page/files.ts";
import { StaticFile } from "../../shared/http/static_file.ts";
import history from "./page/history.js" with { type: "text" };
import page from "./page/index.html" with { type: "text" };
import script from "./page/page.js" with { type: "text" };
import verdict from "./page/verdict.js" with { type: "text" };

/**
 * Returns every file of the page by its URL path. Paths below `/assets/` mirror `src/`, so that the relative
 * imports between scripts work in the browser as they do in the project.
 */
export const pageFiles = (): ReadonlyMap<string, StaticFile> =>
  new Map([
    ["/", new StaticFile("text/html", page)],
    ["/assets/aggregator/admin/page/page.js", new StaticFile("text/javascript", script)],
    ["/assets/aggregator/admin/page/history.js", new StaticFile("text/javascript", history)],
    ["/assets/aggregator/admin/page/verdict.js", new StaticFile("text/javascript", verdict)],
    ...sharedPageFiles(),
  ]);
