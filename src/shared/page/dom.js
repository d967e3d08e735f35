/**
 * Elements, in few words.
 *
 * @module
 */

export const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} name @param {string} [text] @param {string} [className] */
export function make(name, text = "", className = "") {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** @param {string} text @param {() => unknown} act @param {string} [className] */
export function button(text, act, className = "") {
  const made = /** @type {HTMLButtonElement} */ (make("button", text, className));
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** Puts these in place of what is there, unless it says the same: a reader keeps his place. @param {Element} parent @param {Element[]} children */
export function replace(parent, children) {
  const before = [...parent.children].map(({ outerHTML }) => outerHTML).join("");
  if (before !== children.map(({ outerHTML }) => outerHTML).join("")) parent.replaceChildren(...children);
}

/** Names with their values, in a `dl`; always the same names. @param {Element} list @param {readonly (readonly [name: string, value: string])[]} facts */
export function showFacts(list, facts) {
  if (list.children.length === 0) {
    list.append(...facts.flatMap(([name]) => [make("dt", name), make("dd")]));
  }
  facts.forEach(([, value], i) => setText(list.children[2 * i + 1], value));
}
