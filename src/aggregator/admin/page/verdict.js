/**
 * Whether all is well, in one sentence, and what to do where it isn't. Pure.
 *
 * @module
 */
import { percent, rate } from "../../../shared/page/format.js";

/** @typedef {import("../../../shared/page/verdict.js").Verdict} Verdict */
/** A second; null: not known. @typedef {{ accepted: number | null, rejected: number | null, dropped: number | null }} Rates */

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
    } datagrams a second: a receive buffer is full. Raise net.core.rmem_max and --receive-buffer, or --workers.`;
  }
  if (rejected && accepted !== null && rejected > (rejected + accepted) / 100) {
    yield `${
      percent(rejected / (rejected + accepted))
    } of the lines are rejected, since the start most often as ${
      mostFrequent(messages.rejected)
    }. Look at who sends them.`;
  }
  if (checkpoint.up === false) {
    yield "The checkpoint can't be written: a kill would lose what the open windows hold. Look at the disk.";
  }
}

/** The name with the highest count. @param {Record<string, number>} counts */
const mostFrequent = (counts) =>
  Object.entries(counts).reduce((most, each) => each[1] > most[1] ? each : most)[0];
