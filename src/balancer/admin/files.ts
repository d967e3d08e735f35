/**
 * The files of the operator's page. They are imported as text, so that the service needs no permission to
 * read them.
 *
 * @module
 */
import { StaticFile } from "../../shared/http/static_file.ts";
import { sharedPageFiles } from "../../shared/page/files.ts";
import api from "./page/api.js" with { type: "text" };
import clusters from "./page/clusters.js" with { type: "text" };
import difference from "./page/difference.js" with { type: "text" };
import editor from "./page/editor.js" with { type: "text" };
import editorStyle from "./page/editor.css" with { type: "text" };
import history from "./page/history.js" with { type: "text" };
import page from "./page/index.html" with { type: "text" };
import operator from "./page/operator.js" with { type: "text" };
import script from "./page/page.js" with { type: "text" };
import style from "./page/page.css" with { type: "text" };
import verdict from "./page/verdict.js" with { type: "text" };

/**
 * Returns every file of the page by its URL path. Paths below `/assets/` are those below `src/`, so that the
 * relative imports of the scripts work in both places.
 */
export const pageFiles = (): ReadonlyMap<string, StaticFile> =>
  new Map([
    ["/", new StaticFile("text/html", page)],
    ["/assets/balancer/admin/page/page.css", new StaticFile("text/css", style)],
    ["/assets/balancer/admin/page/editor.css", new StaticFile("text/css", editorStyle)],
    ...([
      ["api", api],
      ["clusters", clusters],
      ["difference", difference],
      ["editor", editor],
      ["history", history],
      ["operator", operator],
      ["page", script],
      ["verdict", verdict],
    ] as const).map(([name, text]): [string, StaticFile] => [
      `/assets/balancer/admin/page/${name}.js`,
      new StaticFile("text/javascript", text),
    ]),
    ...sharedPageFiles(),
  ]);
