import assert from "node:assert/strict";
import { ADMIN, adminUrl } from "../support/http/admin_page.ts";
import { sendDatagrams, Service } from "../support/processes/aggregator_process.ts";
import { Browser, VIEWS } from "./browser.ts";

const GOOD = '{"A1":1,"A2":2,"A3":3}';
const VIEW = { width: 1400, colorScheme: "light" } as const;
/** The deadline for a page to show something: two seconds are enough, except on a busy machine. */
const timeout = 20_000;

/** Sends datagrams every 200 ms until the returned object is disposed of. */
function keepSending(port: number, datagrams: readonly string[]): AsyncDisposable {
  let last = Promise.resolve();
  const timer = setInterval(() => last = sendDatagrams(port, datagrams), 200);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await last;
    },
  };
}

const verdict = (browser: Browser, text: string) =>
  browser.page.locator("#verdict", { hasText: text }).waitFor({ timeout });
const numberOf = async (browser: Browser, label: string): Promise<number> =>
  Number((await browser.text(`.tile:has-text("${label}") dd span`)).replaceAll(/[^\d.]/g, "") || NaN);

const movingTile = (browser: Browser) =>
  browser.page.locator(".tile dd span", { hasText: /[1-9]\d/ }).first().waitFor({ timeout });

for (const view of VIEWS) {
  Deno.test(`page of the aggregator at ${view.width} px, ${view.colorScheme}: there are no errors, and no horizontal scrolling`, async () => {
    await using service = await Service.start("start", [...ADMIN, "--windows", "1s,2s"]);
    await using browser = await Browser.open(view);
    {
      await using _ = keepSending(service.port, [...new Array(50).fill(GOOD), "x"]);
      await browser.page.goto(await adminUrl(service));
      await verdict(browser, "rejected");
      await browser.page.locator("#newest", { hasText: '"count_type":"2s"' }).waitFor({ timeout });
    }
    assert.deepEqual(await browser.accessibilityFaults(), []);
    const width = await browser.page.evaluate("document.documentElement.scrollWidth");
    assert.equal(width, view.width);
    await browser.page.screenshot({
      path: `data/aggregator-${view.width}-${view.colorScheme}.png`,
      fullPage: true,
    });
    assert.deepEqual(browser.faults, []);
    await service.stop();
  });
}

Deno.test("page of the aggregator: numbers change when messages come, and unknown numbers are dashes", async () => {
  await using service = await Service.start("start:sandbox", [...ADMIN, "--windows", "1s", "--workers", "1"]);
  await using browser = await Browser.open(VIEW);
  await browser.page.goto(await adminUrl(service));
  await verdict(browser, "All is well");
  await browser.page.locator('.tile:has-text("Messages") dd', { hasText: "0" }).waitFor({ timeout });
  assert.equal(await browser.text('.tile:has-text("Dropped") dd span'), "–", "drops are not known");
  assert.equal(
    await browser.text("#workers tr:nth-child(2) td:nth-child(3)"),
    "–",
    "a spare worker has read nothing",
  );
  await using _ = keepSending(service.port, new Array(20).fill(GOOD));
  await movingTile(browser);
  // The arrow keys select a point of the past.
  await browser.page.locator("figure svg").first().focus();
  await browser.page.keyboard.press("ArrowLeft");
  assert.match(await browser.text("figure .when"), /^\d\d:\d\d:\d\d$/);
  assert.deepEqual(browser.faults, []);
});

Deno.test("page of the aggregator: drops are shown", async () => {
  await using service = await Service.start("start", [
    ...ADMIN,
    "--receive-buffer",
    "4096",
    "--workers",
    "1",
  ]);
  await using browser = await Browser.open(VIEW);
  await browser.page.goto(await adminUrl(service));
  await verdict(browser, "All is well");
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to = { transport: "udp", hostname: "127.0.0.1", port: service.port } as const;
  // All at once, since even the smallest receive buffer holds a few datagrams.
  const flood = () => Promise.all(Array.from({ length: 2000 }, () => socket.send(new Uint8Array(2000), to)));
  let isSeen = false;
  const flooding = (async () => {
    while (!isSeen) {
      await flood();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  try {
    await browser.page.locator(".tile.bad", { hasText: "Dropped" }).waitFor({ timeout });
    await verdict(browser, "The kernel drops");
  } finally {
    isSeen = true;
    await flooding;
    socket.close();
  }
  assert.ok(await numberOf(browser, "Dropped") >= 0);
  assert.deepEqual(browser.faults, []);
});

Deno.test("page of the aggregator: it shows that the service does not answer, and that it answers again", async () => {
  const port = freePort();
  const flags = ["--admin", `127.0.0.1:${port}`];
  await using browser = await Browser.open(VIEW);
  {
    await using service = await Service.start("start", flags);
    await browser.page.goto(`http://127.0.0.1:${port}/`);
    await verdict(browser, "All is well");
    await service.stop();
  }
  await verdict(browser, "has not answered since");
  assert.equal(await browser.page.locator("html.lost").count(), 1);
  await using again = await Service.start("start", flags);
  await verdict(browser, "All is well");
  assert.equal(await browser.page.locator("html.lost").count(), 0);
  await again.stop();
});

Deno.test("page of the aggregator: without an event stream it falls back to polling", async () => {
  await using service = await Service.start("start", ADMIN);
  await using browser = await Browser.open(VIEW);
  await browser.page.route("**/api/v1/events", (route) => route.fulfill({ status: 503 }));
  await browser.page.goto(await adminUrl(service));
  await verdict(browser, "All is well");
  await using _ = keepSending(service.port, new Array(20).fill(GOOD));
  await movingTile(browser);
});

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}
