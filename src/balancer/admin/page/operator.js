/**
 * What takes a token: the newest changes, and why a request would go where it would.
 *
 * @module
 */
import { percent, timeOfDay } from "../../../shared/page/format.js";
import { call, hasToken, mayChange, routePath, setToken } from "./api.js";
import { differences } from "./difference.js";
import { button, byId, make, setText } from "../../../shared/page/dom.js";
import { differenceList, restore } from "./editor.js";

/** The clusters that were changed last are asked for their last versions. */
const CLUSTERS = 6;
const VERSIONS = 4;
const CHANGES = 10;

/** Whether the service asks for a token of everybody. */
let isClosed = false;
/** What the newest change was when they were asked for. @type {string | undefined} */
let told;

/** @param {string} text @param {boolean} isBad */
function noteToken(text, isBad) {
  setText(byId("token-note"), text);
  byId("token-note").classList.toggle("bad", isBad);
}

/** @param {string} text of the token form; empty: as it is */
function showHeld(text = "") {
  byId("token-form").hidden = hasToken();
  byId("token-held").hidden = !hasToken();
  byId("operator").hidden = !mayChange();
  told = undefined;
  if (text) noteToken(text, true);
}

/** Whether the token is one of ADMIN_TOKENS; that of --metrics-token is for watching alone. */
async function isForChanges() {
  try {
    await call("GET", "explain?video=-");
  } catch (error) {
    const { status } = /** @type {import("./api.js").Refused} */ (error);
    // With anything else, such as a service that is not ready, it was let in.
    if (status === 401 && isClosed) return false;
    if (status === 401 || status === 403 || status === 429) throw error;
  }
  return true;
}

/** The service wants a token of everybody. @param {number} status */
export function tokenWanted(status) {
  isClosed = true;
  if (hasToken()) setToken(undefined);
  showHeld(
    status === 429
      ? "Too many wrong tokens came from here: wait a minute."
      : "This service asks for a token of everybody who watches: that of --metrics-token, or one of ADMIN_TOKENS.",
  );
}

/** @param {(isHeld: boolean) => void} turned told when there is a token, and when there is none any more */
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
      noteToken("One of ADMIN_TOKENS. This tab keeps it in its memory alone.", false);
      showHeld();
      turned(true);
    } catch (error) {
      setToken(undefined);
      noteToken(/** @type {Error} */ (error).message, true);
    }
  });
  byId("token-forget").addEventListener("click", () => {
    setToken(undefined);
    showHeld();
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
  if (!mayChange() || now === told) return;
  told = now;
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
    byId("changes").replaceChildren(...list.length > 0 ? list : [make("p", "There is none yet.", "note")]);
  } catch (error) {
    told = undefined;
    byId("changes").replaceChildren(make("p", /** @type {Error} */ (error).message, "note bad"));
  }
}

/** @param {any} version @param {() => void} changed */
function changeOf({ cluster, version, current, at, by, before, after }, changed) {
  const item = make("div", "", "change");
  const line = make("div", "", "line-form");
  const did = before === null ? "made" : after === null ? "removed" : "changed";
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
      ["Goes to", `${choice.destination}, by ${choice.reason}`],
      ["Location", location],
      ["Route", `${cluster}, version ${version}`],
      ["Decided by", spread === "turn" ? `turn ${turn}` : spread],
      ...destinations.map((/** @type {any} */ { name, share, health, away }) => [
        name,
        `${percent(share)}, ${away ? `away: ${away}` : health}`,
      ]),
    ];
    for (const [name, value] of rows) facts.append(make("dt", name), make("dd", value));
    place.replaceChildren(facts);
  } catch (error) {
    place.replaceChildren(make("p", /** @type {Error} */ (error).message, "note bad"));
  }
}
