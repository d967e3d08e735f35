/**
 * Says in one sentence whether all is well, and what to do if it is not. Pure.
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
    return bad(
      "The service has no routes yet.",
      "Viewers get no answer until then. Check that the database can be reached.",
    );
  }
  if (readiness === "stopping") return bad("The service is stopping.", "Use another instance.");
  if (readiness === "no-workers") {
    return bad("All workers have died.", "Viewers get no answer. Look for worker_lost in the log.");
  }
  const warnings = [...warningsOf(status)];
  if (warnings.length > 0) return { tone: "warn", sentence: warnings[0], advice: warnings.slice(1) };
  const answering = workers.alive === 1 ? "the worker answers" : `${count(workers.alive)} workers answer`;
  return {
    tone: "good",
    sentence: `All is well: ${answering}, and the routes are up to date.`,
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
    yield `The database has not answered for ${
      duration(database.stale_seconds)
    }: redirects continue with the last routes known, and changes get 503. Check the database.`;
  } else if (database.read_only) {
    yield "The database is read-only, for example a standby: redirects continue, and changes get 503.";
  }
  for (const { cluster, destinations } of clusters) {
    const down = destinations.filter((/** @type {any} */ { now, weight }) => now === 0 && weight > 0);
    if (down.length === 0) continue;
    const names = down.map((/** @type {any} */ { name, state }) => `${name} (${state})`).join(", ");
    yield `${cluster}: no requests go to ${names}. The other destinations get them.`;
  }
  if (workers.alive < workers.wanted) {
    yield `Only ${count(workers.alive)} of ${
      count(workers.wanted)
    } workers answer. Look for worker_lost in the log.`;
  }
  if (workers.spares === 0 && workers.spares_wanted > 0) {
    yield "No spare worker is left: restart the service at a quiet time. Look for worker_lost in the log.";
  }
  if (connections.open > 0.9 * connections.max) {
    yield `${
      percent(connections.open / connections.max)
    } of --connections-max are open. At the limit, idle and slow connections are closed. Raise the limit.`;
  }
  if (routes.refused > 0) {
    yield `${
      count(routes.refused)
    } routes in the database break a rule and are ignored: look for route_refused in the log.`;
  }
  if (
    certificate_end_seconds !== null &&
    certificate_end_seconds - wall_seconds < CERTIFICATE_DAYS * DAY_SECONDS
  ) {
    yield certificate_end_seconds < wall_seconds
      ? "The certificate has expired: viewers can't connect. Replace it."
      : `The certificate expires in ${duration(certificate_end_seconds - wall_seconds)}. Replace it.`;
  }
}
