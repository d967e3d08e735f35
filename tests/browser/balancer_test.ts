import assert from "node:assert/strict";
import { CLUSTER, watch } from "../support/simulated/balancer_in_process.ts";
import { BalancerProcess } from "../support/processes/balancer_process.ts";
import { refuseAll } from "../support/http/refused.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";
import { Browser, VIEWS } from "./browser.ts";

const TOKEN = "0123456789abcdef".repeat(2);
/** The value of --metrics-token. */
const WATCHING = "fedcba9876543210".repeat(2);
const VIEW = { width: 1400, colorScheme: "light" } as const;
/** The deadline for a page to show something: two seconds are enough, except on a busy machine. */
const timeout = 20_000;
/** A route to a host that does not exist, without checks. */
const ROUTE = { cdn_host: "cdn.example.net", cdn_weight: 9, origin_weight: 1, origin_port: null };
const SEVERAL = {
  cdns: [{ name: "fast", host: "fast.example.net", weight: 6 }, {
    name: "near",
    host: "near.example.net",
    weight: 3,
  }],
  origin_weight: 1,
  origin_port: null,
};

const seen = (browser: Browser, selector: string, hasText: string | RegExp) =>
  browser.page.locator(selector, { hasText }).first().waitFor({ timeout });

async function withBalancer(use: (balancer: BalancerProcess) => Promise<void>, flags: string[] = []) {
  await withDirectory(async (directory) => {
    await using balancer = await BalancerProcess.start(directory, { flags });
    await balancer.change("PUT", CLUSTER, ROUTE);
    await use(balancer);
  });
}

async function useToken(browser: Browser, token = TOKEN): Promise<void> {
  await browser.page.fill("#token", token);
  await browser.page.keyboard.press("Enter");
}

for (const view of VIEWS) {
  Deno.test(`page of the balancer at ${view.width} px, ${view.colorScheme}: there are no errors, and no horizontal scrolling`, () =>
    withBalancer(async (balancer) => {
      await balancer.change("PUT", "video.example", SEVERAL);
      await balancer.change("PATCH", CLUSTER, { cdn_weight: 7, origin_weight: 3 });
      await watch(balancer.port, 3000, 4);
      await watch(balancer.port, 2000, 4, CLUSTER);
      await refuseAll(balancer.port, 25);
      await using browser = await Browser.open(view);
      await browser.page.goto(`${balancer.url}/`);
      await seen(browser, "#verdict", "All is well");
      await useToken(browser);
      await seen(browser, ".change", "alice changed");
      await browser.page.fill("#video", `http://s1.${CLUSTER}/video/1488/xcg2djHckad.m3u8`);
      await browser.page.keyboard.press("Enter");
      await seen(browser, "#explanation", "Goes to");
      await seen(browser, ".chart .value", /[1-9]/);
      assert.deepEqual(await browser.accessibilityFaults(), []);
      assert.equal(await browser.page.evaluate("document.documentElement.scrollWidth"), view.width);
      const path = `data/balancer-${view.width}-${view.colorScheme}`;
      await browser.page.screenshot({ path: `${path}.png`, fullPage: true });
      await browser.page.locator(".cluster button").first().click();
      await browser.page.locator("#editor input").first().waitFor({ timeout });
      assert.deepEqual(await browser.accessibilityFaults(), []);
      await browser.page.screenshot({ path: `${path}-editor.png` });
      assert.deepEqual(browser.faults, []);
    }));
}

Deno.test("page of the balancer: numbers change, and unknown numbers are dashes", () =>
  withBalancer(async (balancer) => {
    await using browser = await Browser.open(VIEW);
    await browser.page.goto(`${balancer.url}/`);
    await seen(browser, "#verdict", "All is well");
    assert.equal(await browser.text('.tile:has-text("Latency p50") dd span'), "–");
    assert.equal(await browser.text(".cluster tbody td:nth-child(5)"), "–");
    await watch(balancer.port, 500, 2);
    await seen(browser, ".cluster tbody td:nth-child(5)", "90.0 %");
    await seen(browser, "#reasons td", "turn");
    assert.ok(await browser.page.locator("#operator").isHidden());
    assert.deepEqual(browser.faults, []);
  }));

Deno.test("page of the balancer: a change is previewed before it is applied, and a version can be restored", () =>
  withBalancer(async (balancer) => {
    await using browser = await Browser.open(VIEW);
    const { page } = browser;
    await page.goto(`${balancer.url}/`);
    await useToken(browser);
    await page.locator(".cluster button").click({ timeout });
    await page.fill('[aria-label="Weight of cdn"]', "7");
    await page.fill('[aria-label="Weight of the origin"]', "3");
    await page.keyboard.press("Enter");
    await seen(browser, "#editor .difference", "cdn_weight9 → 7");
    await page.locator("#editor button", { hasText: "Apply" }).click();
    await seen(browser, "#editor-body", "now at version 2");
    await page.keyboard.press("Escape");
    await seen(browser, ".cluster .title", "version 2");
    assert.equal((await (await balancer.call("GET", CLUSTER)).json()).origin_weight, 3);
    await page.locator('[aria-label="Restore version 1 of origin-cluster"]').click({ timeout });
    await seen(browser, "#editor .difference", "cdn_weight7 → 9");
    await page.locator("#editor button", { hasText: "Restore" }).click();
    await seen(browser, "#editor-body", "now at version 3");
    assert.equal((await (await balancer.call("GET", CLUSTER)).json()).origin_weight, 1);
    assert.deepEqual(browser.faults, []);
  }));

Deno.test("page of the balancer: after a conflict both changes are shown, and the own change can still be applied", () =>
  withBalancer(async (balancer) => {
    await using browser = await Browser.open(VIEW);
    const { page } = browser;
    await page.goto(`${balancer.url}/`);
    await useToken(browser);
    await page.locator(".cluster button").click({ timeout });
    await page.fill('[aria-label="Weight of cdn"]', "5");
    await balancer.change("PATCH", CLUSTER, { origin_weight: 4 });
    await page.locator("#editor button", { hasText: "Preview" }).click();
    await page.locator("#editor button", { hasText: "Apply" }).click();
    await seen(browser, "#editor-heading", "Somebody else changed");
    assert.match(await browser.text("#editor .both"), /origin_weight\s*1 → 4[^]*cdn_weight\s*9 → 5/);
    await page.locator("#editor button", { hasText: "Preview my change" }).click();
    await page.locator("#editor button", { hasText: "Apply" }).click();
    await seen(browser, "#editor-body", "now at version 3");
    const { cdn_weight, origin_weight } = await (await balancer.call("GET", CLUSTER)).json();
    assert.deepEqual([cdn_weight, origin_weight], [5, 4]);
  }));

Deno.test("page of the balancer: a wrong token is refused, and it shows that the service does not answer", () =>
  withBalancer(async (balancer) => {
    await using browser = await Browser.open(VIEW);
    await browser.page.goto(`${balancer.url}/`);
    await seen(browser, "#verdict", "All is well");
    await useToken(browser, "wrong");
    await seen(browser, "#token-note.bad", "token");
    assert.ok(await browser.page.locator(".cluster button").isHidden());
    balancer.kill("SIGTERM");
    await balancer.ended();
    await seen(browser, "#verdict", "has not answered since");
    assert.equal(await browser.page.locator("html.lost").count(), 1);
  }));

Deno.test("page of the balancer: with a metrics token it shows nothing without that token, and allows no changes with it", () =>
  withBalancer(async (balancer) => {
    await using browser = await Browser.open(VIEW);
    await browser.page.goto(`${balancer.url}/`);
    await seen(browser, "#verdict", "requires a token");
    await useToken(browser, WATCHING);
    await seen(browser, "#verdict", "All is well");
    assert.ok(await browser.page.locator("#operator").isHidden());
    await watch(balancer.port, 100, 1);
    await seen(browser, "#reasons td", "turn");
  }, ["--metrics-token", WATCHING]));

Deno.test("page of the balancer: without an event stream it falls back to polling", () =>
  withBalancer(async (balancer) => {
    await using browser = await Browser.open(VIEW);
    await browser.page.route("**/api/v1/events", (route) => route.fulfill({ status: 503 }));
    await browser.page.goto(`${balancer.url}/`);
    await seen(browser, "#verdict", "All is well");
    await watch(balancer.port, 100, 1);
    await seen(browser, "#reasons td", "turn");
  }));
