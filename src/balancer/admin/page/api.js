/**
 * Calls the admin API with the token. The token is kept only in this module, and is gone once the tab is
 * closed.
 *
 * @module
 */

/** @type {string | undefined} */
let token;
let isOperator = false;

export const hasToken = () => token !== undefined;

/** Whether the token is for more than watching. */
export const mayChange = () => token !== undefined && isOperator;

/** @param {string | undefined} next @param {boolean} [isForChanges] */
export function setToken(next, isForChanges = false) {
  token = next;
  isOperator = isForChanges;
}

/** @returns {Record<string, string>} */
export const credentials = () => token === undefined ? {} : { Authorization: `Bearer ${token}` };

/** The error of a call: the service refused or failed, or did not answer (status 0). */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path below `api/v1/`
 * @param {{ body?: unknown, version?: number }} [options] `version`: fail unless the route is at this version
 * @returns {Promise<any>}
 * @throws {Refused}
 */
export async function call(method, path, { body, version } = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(`api/v1/${path}`, {
      method,
      cache: "no-store",
      headers: {
        ...credentials(),
        ...body === undefined ? {} : { "Content-Type": "application/json" },
        ...version === undefined ? {} : { "If-Match": `"${version}"` },
      },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
  } catch {
    throw new Refused(0, "The service does not answer.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { title = `Status ${response.status}`, detail = "" } = answer;
  throw new Refused(response.status, detail ? `${title}: ${detail}.` : `${title}.`);
}

/** @param {string} cluster */
export const routePath = (cluster) => `routes/${encodeURIComponent(cluster)}`;
