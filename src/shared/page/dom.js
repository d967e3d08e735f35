/**
 * Short helpers to make and fill elements.
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

/**
 * Replaces the children, unless the new ones are equal: a text selection or a scroll position is then kept.
 *
 * @param {Element} parent
 * @param {Element[]} children
 */
export function replace(parent, children) {
  const before = [...parent.children].map(({ outerHTML }) => outerHTML).join("");
  if (before !== children.map(({ outerHTML }) => outerHTML).join("")) parent.replaceChildren(...children);
}

/**
 * Shows names with their values in a `dl`. The names must be the same in every call.
 *
 * @param {Element} list
 * @param {readonly (readonly [name: string, value: string])[]} facts
 */
export function showFacts(list, facts) {
  if (list.children.length === 0) {
    list.append(...facts.flatMap(([name]) => [make("dt", name), make("dd")]));
  }
  facts.forEach(([, value], i) => setText(list.children[2 * i + 1], value));
}
