/**
 * Shows at the top of a page whether all is well, in one sentence, and what to do if it is not.
 *
 * @module
 */
import { byId, make, replace } from "./dom.js";
import { timeOfDay } from "./format.js";

/** @typedef {{ tone: "good" | "warn" | "bad", sentence: string, advice: readonly string[] }} Verdict */

/** @param {Verdict} verdict */
export function showVerdict({ tone, sentence, advice }) {
  const place = byId("verdict");
  place.className = `verdict ${tone}`;
  const first = make("p");
  first.append(make("strong", sentence));
  replace(place, [first, ...advice.map((text) => make("p", text))]);
}

/**
 * The verdict while the page can't reach its service.
 *
 * @param {number} sinceMs Unix time
 * @returns {Verdict}
 */
export const lostVerdict = (sinceMs) => ({
  tone: "bad",
  sentence: `The service has not answered since ${timeOfDay(sinceMs / 1000, true)}.`,
  advice: [
    "The numbers below are old. Check that the service is running (systemctl status, docker ps), and check " +
    "the network.",
  ],
});
