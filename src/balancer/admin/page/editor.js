/**
 * The dialog that changes a route, or restores one of its versions. It first shows what would change. If
 * somebody else has changed the route in the meantime, nothing is changed, and the dialog shows both changes.
 *
 * @module
 */
import { call, Refused, routePath } from "./api.js";
import { differences, fieldsOf, patchOf } from "./difference.js";
import { button, byId, make } from "../../../shared/page/dom.js";

const CONFLICT = 412;

/** @param {import("./difference.js").Difference[]} all */
export function differenceList(all) {
  const list = make("ul", "", "difference");
  if (all.length === 0) list.append(make("li", "no change"));
  for (const { field, before, after } of all) {
    const item = make("li");
    item.append(make("span", field, "field"));
    if (before !== undefined) item.append(make("span", before, "before"));
    if (before !== undefined && after !== undefined) item.append(" → ");
    if (after !== undefined) item.append(make("span", after, "after"));
    list.append(item);
  }
  return list;
}

const dialog = () => /** @type {HTMLDialogElement} */ (byId("editor"));

/** @param {string} title @param {(Node | string)[]} content */
function show(title, content) {
  byId("editor-heading").textContent = title;
  byId("editor-body").replaceChildren(...content);
  if (!dialog().open) dialog().showModal();
}

const close = () => dialog().close();

/** @param {HTMLElement[]} buttons */
function actions(...buttons) {
  const line = make("div", "", "actions");
  line.append(...buttons);
  return line;
}

/** @param {unknown} error */
function errorNote(error) {
  const text = make("p", error instanceof Error ? error.message : String(error), "note bad");
  text.setAttribute("role", "alert");
  return text;
}

/** Shows an error below the content. @param {unknown} error */
function showError(error) {
  byId("editor-body").querySelector(".note.bad")?.remove();
  byId("editor-body").append(errorNote(error));
}

/** @param {string} cluster @param {() => void} changed */
export async function edit(cluster, changed) {
  try {
    const route = await call("GET", routePath(cluster));
    form(route, fieldsOf(route), fieldsOf(route), changed);
  } catch (error) {
    show(`Change ${cluster}`, [errorNote(error), actions(button("Close", close))]);
  }
}

/**
 * @param {any} route
 * @param {import("./difference.js").Fields} base
 * @param {import("./difference.js").Fields} fields
 * @param {() => void} changed
 */
function form(route, base, fields, changed) {
  const grid = make("form", "", "fields");
  grid.append(make("span", "Name", "head"), make("span", "Host", "head"), make("span", "Weight", "head"));
  const inputs = fields.cdns.map(({ name, host, weight }) => {
    const [hostInput, weightInput] = [
      input("text", host, `Host of ${name}`),
      input("number", weight, `Weight of ${name}`),
    ];
    grid.append(make("span", name, "name"), hostInput, weightInput);
    return { name, hostInput, weightInput };
  });
  const originInput = input("number", fields.originWeight, "Weight of the origin");
  grid.append(make("span", "origin", "name"), make("span", route.cluster, "name"), originInput);
  const read = () => ({
    cdns: inputs.map(({ name, hostInput, weightInput }) => ({
      name,
      host: hostInput.value.trim(),
      weight: weightInput.valueAsNumber,
    })),
    originWeight: originInput.valueAsNumber,
  });
  const next = () => {
    const wanted = read();
    const weights = [...wanted.cdns.map(({ weight }) => weight), wanted.originWeight];
    if (!weights.every((weight) => Number.isInteger(weight) && weight >= 0)) {
      return showError("Give each weight as an integer, 0 or more.");
    }
    preview(route, base, wanted, changed);
  };
  grid.addEventListener("submit", (event) => {
    event.preventDefault();
    next();
  });
  // With a hidden submit button, Enter in a field shows the preview.
  const submit = /** @type {HTMLButtonElement} */ (make("button"));
  submit.hidden = true;
  grid.append(submit);
  show(`Change ${route.cluster}`, [
    grid,
    make("p", `Version ${route.version}, by ${route.updated_by}.`, "note"),
    actions(button("Preview", next, "main"), button("Close", close)),
  ]);
  (inputs[0]?.weightInput ?? originInput).focus();
}

/** @param {string} type @param {string | number} value @param {string} label */
function input(type, value, label) {
  const made = /** @type {HTMLInputElement} */ (make("input"));
  made.type = type;
  made.value = String(value);
  made.setAttribute("aria-label", label);
  if (type === "number") [made.min, made.step] = ["0", "1"];
  return made;
}

/**
 * @param {any} route
 * @param {import("./difference.js").Fields} base
 * @param {import("./difference.js").Fields} fields
 * @param {() => void} changed
 */
function preview(route, base, fields, changed) {
  const patch = patchOf(route, base, fields);
  const all = differences(route, { ...route, ...patch });
  const apply = button(
    "Apply",
    () =>
      attempt(
        apply,
        route,
        () => call("PATCH", routePath(route.cluster), { body: patch, version: route.version }),
        changed,
        (current) => conflict(route, current, all, () => preview(current, base, fields, changed)),
      ),
    "main",
  );
  apply.disabled = all.length === 0;
  show(`Change ${route.cluster}`, [
    make("h3", `Changes to version ${route.version}`),
    differenceList(all),
    actions(apply, button("Back", () => form(route, base, fields, changed)), button("Close", close)),
  ]);
  (all.length === 0 ? dialog().querySelector("button:not(:disabled)") : apply)?.focus();
}

/**
 * Restores the settings of a version.
 *
 * @param {string} cluster
 * @param {number} version
 * @param {any} settings
 * @param {() => void} changed
 */
export async function restore(cluster, version, settings, changed) {
  const title = `Restore version ${version} of ${cluster}`;
  try {
    const route = await call("GET", routePath(cluster)).catch((error) => {
      if (error.status === 404) return null;
      throw error;
    });
    confirmRestore(title, cluster, version, settings, route, changed);
  } catch (error) {
    show(title, [errorNote(error), actions(button("Close", close))]);
  }
}

/**
 * @param {string} title
 * @param {string} cluster
 * @param {number} version
 * @param {any} settings
 * @param {any} route
 * @param {() => void} changed
 */
function confirmRestore(title, cluster, version, settings, route, changed) {
  const all = differences(route, settings);
  const options = { body: { version }, ...route ? { version: route.version } : {} };
  const apply = button(
    "Restore",
    () =>
      attempt(
        apply,
        { cluster },
        () => call("POST", `${routePath(cluster)}/restore`, options),
        changed,
        (current) =>
          conflict(
            route,
            current,
            all,
            () => confirmRestore(title, cluster, version, settings, current, changed),
          ),
      ),
    "main",
  );
  apply.disabled = all.length === 0;
  const heading = route ? `Changes to version ${route.version}` : "The route will be created again";
  show(title, [make("h3", heading), differenceList(all), actions(apply, button("Close", close))]);
  (apply.disabled ? dialog().querySelector("button:not(:disabled)") : apply)?.focus();
}

/**
 * @param {HTMLButtonElement} pressed
 * @param {any} route
 * @param {() => Promise<any>} act
 * @param {() => void} changed
 * @param {(current: any) => void} onConflict
 */
async function attempt(pressed, route, act, changed, onConflict) {
  pressed.disabled = true;
  try {
    const { version } = await act();
    changed();
    show(`Changed ${route.cluster}`, [
      make("p", `The route is now at version ${version}, which is in force within a second.`),
      actions(button("Close", close, "main")),
    ]);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== CONFLICT) {
      pressed.disabled = false;
      return showError(error);
    }
    try {
      onConflict(await call("GET", routePath(route.cluster)));
    } catch (failure) {
      showError(failure);
    }
  }
}

/**
 * @param {any} before
 * @param {any} current
 * @param {import("./difference.js").Difference[]} mine
 * @param {() => void} again
 */
function conflict(before, current, mine, again) {
  const both = make("div", "", "both");
  const theirs = make("div");
  theirs.append(
    make("h3", `Change by ${current.updated_by}`),
    differenceList(differences(before, current)),
  );
  const own = make("div");
  own.append(make("h3", "Your change"), differenceList(mine));
  both.append(theirs, own);
  const text = make(
    "p",
    `Your change was not made: the route is now at version ${current.version}.`,
    "note bad",
  );
  text.setAttribute("role", "alert");
  show(`Somebody else changed ${current.cluster}`, [
    text,
    both,
    actions(button("Preview my change again", again, "main"), button("Drop my change", close)),
  ]);
}
