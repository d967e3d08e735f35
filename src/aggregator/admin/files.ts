/**
 * What the page is made of. Imported as text with the thread's own modules, it takes no permission to read.
 *
 * @module
 */
import { sharedPageFiles } from "../../shared/page/files.ts";
import { StaticFile } from "../../shared/http/static_file.ts";
import history from "./page/history.js" with { type: "text" };
import page from "./page/index.html" with { type: "text" };
import script from "./page/page.js" with { type: "text" };
import verdict from "./page/verdict.js" with { type: "text" };

/** Every file by its path: below `/assets/` they lie as in the project, so that scripts find each other in both. */
export const pageFiles = (): ReadonlyMap<string, StaticFile> =>
  new Map([
    ["/", new StaticFile("text/html", page)],
    ["/assets/aggregator/admin/page/page.js", new StaticFile("text/javascript", script)],
    ["/assets/aggregator/admin/page/history.js", new StaticFile("text/javascript", history)],
    ["/assets/aggregator/admin/page/verdict.js", new StaticFile("text/javascript", verdict)],
    ...sharedPageFiles(),
  ]);
