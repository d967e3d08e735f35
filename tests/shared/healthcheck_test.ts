import assert from "node:assert/strict";
import { instruction, stagesOf, wordsOf } from "../support/house/compose.ts";

const VARIABLES = { aggregator: "SLUICE_ADMIN", balancer: "BALANCER_ADMIN" };

/** Runs the HEALTHCHECK of an image with the arguments and permissions that the Dockerfile gives it. */
async function check(
  image: keyof typeof VARIABLES,
  address: string,
): Promise<{ code: number; said: string }> {
  const stages = stagesOf(await Deno.readTextFile("Dockerfile"));
  const [, ...args] = wordsOf(instruction(stages, image, "HEALTHCHECK"));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { [VARIABLES[image]]: address },
    stdin: "null",
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return { code, said: new TextDecoder().decode(stdout).trim() };
}

const permissions = { run: [Deno.execPath()], read: ["Dockerfile"], net: ["127.0.0.1"] };

for (const { status, code } of [{ status: 200, code: 0 }, { status: 503, code: 1 }]) {
  Deno.test({
    name: `healthcheck: when the service answers ${status}, the check prints the answer and exits ${code}`,
    permissions,
    async fn() {
      for (const image of ["aggregator", "balancer"] as const) {
        const asked: string[] = [];
        await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
          asked.push(new URL(url).pathname);
          return new Response('{"status":"stale"}', { status });
        });
        assert.deepEqual(await check(image, `127.0.0.1:${server.addr.port}`), {
          code,
          said: '{"status":"stale"}',
        });
        assert.deepEqual(asked, ["/readyz"]);
      }
    },
  });
}

Deno.test({
  name: "healthcheck: when nobody answers, the check says so in one line and exits 1",
  permissions,
  async fn() {
    const { code, said } = await check("balancer", "127.0.0.1:1");
    assert.equal(code, 1);
    assert.match(said, /^Cannot ask http:\/\/127\.0\.0\.1:1\/readyz: .*$/);
  },
});

Deno.test({
  name: "healthcheck: when the admin port is off, the check exits 0, so that the container is not restarted",
  permissions,
  fn: async () =>
    assert.deepEqual(await check("aggregator", "off"), {
      code: 0,
      said: "The admin port is off: the service can't be checked",
    }),
});
