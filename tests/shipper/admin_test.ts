import assert from "node:assert/strict";
import type { Family } from "../../src/shared/metrics/exposition.ts";
import { listenForAdmin } from "../../src/shipper/admin.ts";
import { REAL_CLOCK } from "../../src/shared/clock.ts";

Deno.test({
  name: "ship admin: only GET and HEAD of /metrics, /healthz and /readyz are answered",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const told = {
      metrics: (): Family[] => [{ name: "a", type: "gauge", help: "A", samples: [{ value: 1 }] }],
      isReady: false,
    };
    const acceptor = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const listener = listenForAdmin(acceptor, REAL_CLOCK, told);
    const ask = async (path: string, method = "GET") => {
      const response = await fetch(`http://127.0.0.1:${listener.port}${path}`, { method });
      return [response.status, await response.text()];
    };
    assert.deepEqual(await ask("/metrics"), [200, "# HELP a A\n# TYPE a gauge\na 1\n"]);
    assert.deepEqual(await ask("/metrics?a=b", "HEAD"), [200, ""]);
    assert.deepEqual(await ask("/healthz"), [200, "ok\n"]);
    assert.equal((await ask("/readyz"))[0], 503);
    told.isReady = true;
    assert.deepEqual(await ask("/readyz"), [200, "ready\n"]);
    assert.equal((await ask("/"))[0], 404);
    assert.equal((await ask("/metrics", "DELETE"))[0], 405);
    await listener.stop();
  },
});
