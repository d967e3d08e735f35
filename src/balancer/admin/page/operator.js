/**
 * The parts of the page that need a token: the latest changes, and the explanation of a request.
 *
 * @module
 */
import { percent, timeOfDay } from "../../../shared/page/format.js";
import { call, hasToken, mayChange, routePath, setToken } from "./api.js";
import { differences } from "./difference.js";
import { button, byId, make, setText } from "../../../shared/page/dom.js";
import { differenceList, restore } from "./editor.js";

/** The latest changes are taken from the last versions of the clusters that were changed last. */
const CLUSTERS = 6;
const VERSIONS = 4;
const CHANGES = 10;

/** Whether the service requires a token even for watching. */
let isClosed = false;
/** Identifies the newest change when the list was last loaded. @type {string | undefined} */
let listed;

/** @param {string} text @param {boolean} isBad */
function noteToken(text, isBad) {
  setText(byId("token-note"), text);
  byId("token-note").classList.toggle("bad", isBad);
}

/**
 * Shows the parts that fit the token.
 *
 * @param {string} text an error for the token form; empty: no new error
 */
function showParts(text = "") {
  byId("token-form").hidden = hasToken();
  byId("token-held").hidden = !hasToken();
  byId("operator").hidden = !mayChange();
  listed = undefined;
  if (text) noteToken(text, true);
}

/** Whether the token is from ADMIN_TOKENS. The token of --metrics-token is only for watching. */
async function isForChanges() {
  try {
    await call("GET", "explain?video=-");
  } catch (error) {
    const { status } = /** @type {import("./api.js").Refused} */ (error);
    // Every other error, such as a service that is not ready, comes after the token was accepted.
    if (status === 401 && isClosed) return false;
    if (status === 401 || status === 403 || status === 429) throw error;
  }
  return true;
}

/** Called when the service requires a token even for watching. @param {number} status of its answer */
export function tokenWanted(status) {
  isClosed = true;
  if (hasToken()) setToken(undefined);
  showParts(
    status === 429
      ? "Too many wrong tokens came from this address: wait a minute."
      : "This service requires a token: that of --metrics-token, or one from ADMIN_TOKENS.",
  );
}

/** @param {(isHeld: boolean) => void} turned called when a token is accepted (true) or forgotten (false) */
export function begin(turned) {
  byId("token-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (byId("token"));
    const token = field.value.trim();
    setToken(token);
    try {
      await call("GET", "status?history=no");
      setToken(token, await isForChanges());
      field.value = "";
      noteToken("Enter a token from ADMIN_TOKENS. It stays in the memory of this tab.", false);
      showParts();
      turned(true);
    } catch (error) {
      setToken(undefined);
      noteToken(/** @type {Error} */ (error).message, true);
    }
  });
  byId("token-forget").addEventListener("click", () => {
    setToken(undefined);
    showParts();
    byId("changes").replaceChildren();
    byId("explanation").replaceChildren();
    turned(false);
  });
  byId("explain-form").addEventListener("submit", (event) => {
    event.preventDefault();
    explain(/** @type {HTMLInputElement} */ (byId("video")).value.trim());
  });
}

/** @param {any} status @param {() => void} changed */
export function follow({ routes: { newest } }, changed) {
  const now = `${newest?.cluster} ${newest?.version} ${newest?.at}`;
  if (!mayChange() || now === listed) return;
  listed = now;
  showChanges(changed);
}

/** @param {() => void} changed */
async function showChanges(changed) {
  try {
    const routes = await call("GET", "routes");
    const newest = routes.sort((/** @type {any} */ one, /** @type {any} */ other) =>
      one.updated_at < other.updated_at ? 1 : -1
    ).slice(0, CLUSTERS);
    const versions = await Promise.all(
      newest.map(async (/** @type {any} */ { cluster, version: current }) => {
        const all = await call("GET", `${routePath(cluster)}/history?limit=${VERSIONS}`);
        return all.map((/** @type {any} */ version) => ({ ...version, cluster, current }));
      }),
    );
    const all = versions.flat().sort((one, other) => one.at < other.at ? 1 : -1).slice(0, CHANGES);
    const list = all.map((version) => changeOf(version, changed));
    byId("changes").replaceChildren(...list.length > 0 ? list : [make("p", "No changes yet.", "note")]);
  } catch (error) {
    listed = undefined;
    byId("changes").replaceChildren(make("p", /** @type {Error} */ (error).message, "note bad"));
  }
}

/** @param {any} version @param {() => void} changed */
function changeOf({ cluster, version, current, at, by, before, after }, changed) {
  const item = make("div", "", "change");
  const line = make("div", "", "line-form");
  const did = before === null ? "created" : after === null ? "removed" : "changed";
  const seconds = Date.parse(at) / 1000;
  const isToday = Date.now() / 1000 - seconds < 43_200;
  const when = isToday ? timeOfDay(seconds, true) : `${at.slice(0, 10)} ${timeOfDay(seconds)}`;
  line.append(make("p", `${when}: ${by} ${did} ${cluster}, version ${version}`));
  if (after !== null && version !== current) {
    const back = button("Restore", () => restore(cluster, version, after, changed), "small");
    back.setAttribute("aria-label", `Restore version ${version} of ${cluster}`);
    line.append(back);
  }
  item.append(line, differenceList(differences(before, after)));
  return item;
}

/** @param {string} video */
async function explain(video) {
  const place = byId("explanation");
  try {
    const found = await call("GET", `explain?video=${encodeURIComponent(video)}`);
    if (found.refusal) {
      place.replaceChildren(
        make("p", `Refused with ${found.refusal.status}: ${found.refusal.reason}.`, "state-bad"),
      );
      return;
    }
    const { choice, location, cluster, version, spread, turn, destinations } = found;
    const facts = make("dl", "", "facts");
    const rows = [
      ["Goes to", `${choice.destination} (reason: ${choice.reason})`],
      ["Location", location],
      ["Route", `${cluster}, version ${version}`],
      ["Decided by", spread === "turn" ? `turn ${turn}` : spread],
      ...destinations.map((/** @type {any} */ { name, share, health, away }) => [
        name,
        `${percent(share)}, ${health}${away ? `, no requests: ${away}` : ""}`,
      ]),
    ];
    for (const [name, value] of rows) facts.append(make("dt", name), make("dd", value));
    place.replaceChildren(facts);
  } catch (error) {
    place.replaceChildren(make("p", /** @type {Error} */ (error).message, "note bad"));
  }
}
