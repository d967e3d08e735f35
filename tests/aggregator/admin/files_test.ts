import { pageFiles } from "../../../src/aggregator/admin/files.ts";
import { assertWholePage } from "../../support/http/page_files.ts";

Deno.test({
  name:
    "files of the aggregator's page: every file that the page and its scripts name exists, and none is external",
  permissions: "none",
  fn: () => assertWholePage(pageFiles()),
});
