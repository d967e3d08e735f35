import { pageFiles } from "../../../src/balancer/admin/files.ts";
import { assertWholePage } from "../../support/http/page_files.ts";

Deno.test({
  name:
    "files of the balancer's page: every file that the page and its scripts name is served, and nothing is loaded from other hosts",
  permissions: "none",
  fn: () => assertWholePage(pageFiles()),
});
