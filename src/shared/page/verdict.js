/**
 * Whether all is well, in one sentence at the top of a page, and what to do where it isn't.
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

/** The page does not reach its service. @param {number} sinceMs @returns {Verdict} */
export const lostVerdict = (sinceMs) => ({
  tone: "bad",
  sentence: `The service does not answer since ${timeOfDay(sinceMs / 1000, true)}.`,
  advice: [
    "What you see is from then. See whether it runs (systemctl status, docker ps), and whether the network between is up.",
  ],
});
