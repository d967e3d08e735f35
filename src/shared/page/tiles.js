/**
 * The tiles at the top of a page: each shows a number under its name.
 *
 * @module
 */
import { make, setText } from "./dom.js";
import { UNKNOWN } from "./format.js";

export class Tiles {
  /** @type {Map<string, { tile: Element, number: Element }>} */
  #tiles;

  /**
   * @param {Element} list a `dl`
   * @param {readonly (readonly [key: string, label: string, unit: string])[]} tiles
   */
  constructor(list, tiles) {
    this.#tiles = new Map(tiles.map(([key, label, unit]) => {
      const tile = make("div", "", "tile");
      const value = make("dd");
      const number = make("span", UNKNOWN);
      value.append(number);
      if (unit) value.append(" ", make("small", unit));
      tile.append(make("dt", label), value);
      list.append(tile);
      return [key, { tile, number }];
    }));
  }

  /** @param {string} key @param {string} text @param {boolean} [isBad] */
  show(key, text, isBad = false) {
    const { tile, number } = /** @type {{ tile: Element, number: Element }} */ (this.#tiles.get(key));
    setText(number, text);
    tile.className = isBad ? "tile bad" : "tile";
  }
}
