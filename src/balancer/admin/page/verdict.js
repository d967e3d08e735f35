/**
 * Whether all is well, in one sentence, and what to do where it isn't. Pure.
 *
 * @module
 */
import { count, duration, percent } from "../../../shared/page/format.js";

const DAY_SECONDS = 86_400;
const CERTIFICATE_DAYS = 14;

/** @typedef {import("../../../shared/page/verdict.js").Verdict} Verdict */

/** @param {any} status @returns {Verdict} */
export function verdictOf(status) {
  const { readiness, workers } = status;
  if (readiness === "starting") {
    return bad("It waits for routes.", "No viewer is answered. See whether the database can be reached.");
  }
  if (readiness === "stopping") return bad("It is about to stop.", "Ask another instance.");
  if (readiness === "no-workers") {
    return bad("No worker is left.", "No viewer is answered. The log says why under worker_lost.");
  }
  const warnings = [...warningsOf(status)];
  if (warnings.length > 0) return { tone: "warn", sentence: warnings[0], advice: warnings.slice(1) };
  const answering = workers.alive === 1 ? "the worker answers" : `${count(workers.alive)} workers answer`;
  return {
    tone: "good",
    sentence: `All is well: ${answering}, and the routes are the database's.`,
    advice: [],
  };
}

/** @param {string} sentence @param {string} advice @returns {Verdict} */
const bad = (sentence, advice) => ({ tone: "bad", sentence, advice: [advice] });

/** @param {any} status @returns {Generator<string>} */
function* warningsOf(
  { database, workers, clusters, connections, routes, certificate_end_seconds, wall_seconds },
) {
  if (!database.up) {
    yield `The database does not answer for ${
      duration(database.stale_seconds)
    }: redirects go on with the last routes known, and changes get 503. See whether it runs.`;
  } else if (database.read_only) {
    yield "The database takes no changes, as a standby: redirects go on, and changes get 503.";
  }
  for (const { cluster, destinations } of clusters) {
    const down = destinations.filter((/** @type {any} */ { now, weight }) => now === 0 && weight > 0);
    if (down.length === 0) continue;
    const names = down.map((/** @type {any} */ { name, state }) => `${name} (${state})`).join(", ");
    yield `Of ${cluster} these take no turns: ${names}. The others take them.`;
  }
  if (workers.alive < workers.wanted) {
    yield `${count(workers.alive)} of ${
      count(workers.wanted)
    } workers answer. The log says why under worker_lost.`;
  }
  if (workers.spares === 0 && workers.spares_wanted > 0) {
    yield "No spare worker is left: restart it at a quiet moment. The log says why under worker_lost.";
  }
  if (connections.open > 0.9 * connections.max) {
    yield `${
      percent(connections.open / connections.max)
    } of the connections that may be open are: beyond them the slowest are closed. Raise --connections-max.`;
  }
  if (routes.refused > 0) {
    yield `${
      count(routes.refused)
    } routes of the database break a rule: the log names them under route_refused.`;
  }
  if (
    certificate_end_seconds !== null &&
    certificate_end_seconds - wall_seconds < CERTIFICATE_DAYS * DAY_SECONDS
  ) {
    yield certificate_end_seconds < wall_seconds
      ? "The certificate has ended: viewers can't connect. Put another one in place."
      : `The certificate ends in ${
        duration(certificate_end_seconds - wall_seconds)
      }. Put another one in place.`;
  }
}
