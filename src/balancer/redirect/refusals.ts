import { HEAD_REFUSALS, type Refusal } from "../../shared/http/refusals.ts";
import { VIDEO_REFUSALS } from "./target.ts";

// Refusals of requests that ask for no video, or that use a wrong method or send a body.
export const NO_STEERING: Refusal = {
  status: 404,
  id: "unknown-steering",
  reason: "The cluster of this steering manifest is not configured",
};
export const ROOT_ONLY: Refusal = {
  status: 404,
  id: "unknown-path",
  reason: "Nothing is here: ask for /?video=URL",
};
export const GET_ONLY: Refusal = { status: 405, id: "method", reason: "Use GET or HEAD" };
export const NO_BODY: Refusal = { status: 413, id: "body", reason: "Send the request without a body" };

/** The ids of all refusals that viewers may get, for counting. */
export const REFUSAL_IDS: readonly string[] = [
  ...new Set(
    [...HEAD_REFUSALS, ...VIDEO_REFUSALS, NO_STEERING, ROOT_ONLY, GET_ONLY, NO_BODY].map(({ id }) => id),
  ),
].sort();
