/**
 * Says in one sentence whether the service is well, and what to do if not. Pure: no DOM, no requests.
 *
 * @module
 */
import { percent, rate } from "../../../shared/page/format.js";

/** @typedef {import("../../../shared/page/verdict.js").Verdict} Verdict */
/** Per second; null: unknown. @typedef {{ accepted: number | null, rejected: number | null, dropped: number | null }} Rates */

/** @param {any} status @param {Rates} [rates] @returns {Verdict} */
export function verdictOf(status, rates) {
  const troubles = status.troubles.map((/** @type {{ text: string }} */ { text }) => text);
  if (troubles.length > 0) return { tone: "bad", sentence: troubles[0], advice: troubles.slice(1) };
  const warnings = [...warningsOf(status, rates)];
  if (warnings.length > 0) return { tone: "warn", sentence: warnings[0], advice: warnings.slice(1) };
  return {
    tone: "good",
    sentence: "All is well: every socket is read, and every record is written.",
    advice: [],
  };
}

/** @param {any} status @param {Rates} [rates] @returns {Generator<string>} */
function* warningsOf({ messages, checkpoint }, rates) {
  const { accepted = null, rejected = null, dropped = null } = rates ?? {};
  if (dropped) {
    yield `The kernel drops ${
      rate(dropped)
    } datagrams a second, because a receive buffer is full. Raise net.core.rmem_max and --receive-buffer, or --workers.`;
  }
  if (rejected && accepted !== null && rejected > (rejected + accepted) / 100) {
    yield `${
      percent(rejected / (rejected + accepted))
    } of the messages are rejected. The most frequent reason since the start is ${
      mostFrequent(messages.rejected)
    }. Set --rejected-sample to see who sends them.`;
  }
  if (checkpoint.up === false) {
    yield "The checkpoint can't be written, so a kill would lose the open windows. Check the disk.";
  }
}

/** Returns the name with the highest count. @param {Record<string, number>} counts */
const mostFrequent = (counts) =>
  Object.entries(counts).reduce((most, each) => each[1] > most[1] ? each : most)[0];
