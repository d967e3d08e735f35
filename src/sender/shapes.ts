/**
 * Generates test messages as bytes, and the sums that they add up to. Pure. It allocates no string or object
 * per message, because it must be faster than the kernel can send.
 *
 * @module
 */

/** How messages are written. The values depend only on the seed, so all shapes have the same sums. */
export const SHAPES = ["plain", "spaced", "shuffled", "extra"] as const;
export type Shape = typeof SHAPES[number];

/** The longest UDP payload over IPv4: 65,535 bytes minus the headers of IP (20) and UDP (8). */
export const DATAGRAM_BYTES_MAX = 65_507;

/**
 * What a receiver has added up if nothing was lost, with the names of the output records. All are 0 at first.
 */
export interface Totals {
  messages: number;
  datagrams: number;
  A1_sum: number;
  A2_max: number;
  A3_min: number;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const KEYS = ['"A1"', '"A2"', '"A3"'].map(ascii);
const [OPEN, COLON, COMMA, COMMA_SPACE, CLOSE] = ["{", ":", ",", ", ", "}"].map(ascii) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

/** JSON's whitespace, without the newline, which would end the message. */
const SPACES = ascii(" \t\r ");
const GAP_BYTES_MAX = 3;

const IN_ORDER = [0, 1, 2] as const;
const ORDERS = [IN_ORDER, [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const;

/**
 * Members that a receiver must skip: the same keys in nested objects, quotes and braces in strings, UTF-8.
 */
const EXTRAS = [
  '"id":1048576',
  '"host":"dc-1\\\\\\"}{,"',
  '"nested":{"A1":-1,"A2":[{"A3":0},[]]}',
  '"\\u0061\\/1":[1.5e-3,-0,true,false,null]',
  '"unité":"µs \\ud83d\\ude00"',
  '"":{}',
].map(ascii);

const PLAIN_BYTES_MAX = '{"A1":1023, "A2":65535, "A3":65542}'.length;
const TOKENS = 13;
const EXTRA_BYTES_MAX = Math.max(...EXTRAS.map((extra) => extra.length)) + COMMA.length;

/** The length of each shape's longest message in bytes, without the newline after it. */
export const MESSAGE_BYTES_MAX: Readonly<Record<Shape, number>> = {
  plain: PLAIN_BYTES_MAX,
  spaced: PLAIN_BYTES_MAX + (TOKENS + 1) * GAP_BYTES_MAX,
  shuffled: PLAIN_BYTES_MAX,
  extra: PLAIN_BYTES_MAX + 2 * EXTRA_BYTES_MAX,
};

/** Returns how many messages of this shape always fit into one datagram. */
export function perDatagramMax(shape: Shape): number {
  return Math.floor(DATAGRAM_BYTES_MAX / (MESSAGE_BYTES_MAX[shape] + 1));
}

/** The linear congruential generator of Numerical Recipes. Only its high bits are random enough. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0; // A signed 32-bit integer, for which V8 allocates no memory.
  }

  bits(count: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
    return this.#state >>> (32 - count);
  }
}

/** Writes text and numbers into `bytes`, from `at` on. */
class Pen {
  at = 0;

  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {}

  text(text: Uint8Array): void {
    // A loop is faster than `bytes.set` for a handful of bytes.
    for (let i = 0; i < text.length; i++) this.bytes[this.at++] = text[i]!;
  }

  /** @param value From 0 to 99,999. */
  number(value: number): void {
    let end = this.at + (value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : value < 10_000 ? 4 : 5);
    this.at = end;
    for (let rest = value; end === this.at || rest > 0;) {
      const tens = (rest / 10) | 0;
      this.bytes[--end] = 48 + rest - 10 * tens;
      rest = tens;
    }
  }

  /** Writes 0 to {@linkcode GAP_BYTES_MAX} bytes of whitespace, then the token. */
  spaced(random: Random, token: Uint8Array): void {
    for (let gap = random.bits(2); gap > 0; gap--) this.bytes[this.at++] = SPACES[random.bits(2)]!;
    this.text(token);
  }
}

const NOTHING = new Uint8Array();

/** The function that writes a message of each shape; `values` are A1, A2 and A3. */
const WRITERS: Readonly<Record<Shape, (pen: Pen, values: Int32Array, layout: Random) => void>> = {
  plain: (pen, values) => members(pen, values, IN_ORDER),
  shuffled: (pen, values, layout) => members(pen, values, ORDERS[Math.floor(layout.bits(16) * 6 / 65_536)]!),
  spaced(pen, values, layout) {
    for (let i = 0; i < 3; i++) {
      pen.spaced(layout, i === 0 ? OPEN : COMMA);
      pen.spaced(layout, KEYS[i]!);
      pen.spaced(layout, COLON);
      pen.spaced(layout, NOTHING);
      pen.number(values[i]!);
    }
    pen.spaced(layout, CLOSE);
    pen.spaced(layout, NOTHING);
  },
  extra(pen, values, layout) {
    const before = layout.bits(2);
    const after = layout.bits(2);
    pen.text(OPEN);
    for (let i = 0; i < 3; i++) {
      if (i === before) extra(pen, layout);
      if (i === before) pen.text(COMMA);
      pen.text(KEYS[i]!);
      pen.text(COLON);
      pen.number(values[i]!);
      if (i === after) pen.text(COMMA);
      if (i === after) extra(pen, layout);
      if (i < 2) pen.text(COMMA);
    }
    pen.text(CLOSE);
  },
};

function members(pen: Pen, values: Int32Array, order: readonly [number, number, number]): void {
  pen.text(OPEN);
  for (let i = 0; i < 3; i++) {
    if (i > 0) pen.text(COMMA_SPACE);
    pen.text(KEYS[order[i]!]!);
    pen.text(COLON);
    pen.number(values[order[i]!]!);
  }
  pen.text(CLOSE);
}

function extra(pen: Pen, layout: Random): void {
  pen.text(EXTRAS[Math.floor(layout.bits(16) * EXTRAS.length / 65_536)]!);
}

export interface DatagramsOptions {
  shape: Shape;
  /** An integer, of which the low 32 bits are used. */
  seed: number;
  /** How many messages a datagram contains. */
  perDatagram: number;
  /** The most datagrams in a batch. */
  slots: number;
}

/**
 * A batch of datagrams in one buffer, which the next batch overwrites; slot `i` begins at `slotBytes * i`.
 */
export class Datagrams {
  readonly slots: number;
  readonly slotBytes: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The length of each datagram in bytes. */
  readonly lengths: Uint32Array;
  /** The number of datagrams in the batch. */
  size = 0;

  readonly #messages: Uint32Array;
  readonly #a1Sums: Float64Array;
  readonly #a2Maxes: Uint32Array;
  readonly #a3Mins: Uint32Array;
  readonly #perDatagram: number;
  readonly #write: typeof WRITERS[Shape];
  readonly #pen: Pen;
  readonly #values: Random;
  readonly #layout: Random;
  readonly #message = new Int32Array(3);

  constructor({ shape, seed, perDatagram, slots }: DatagramsOptions) {
    this.slots = slots;
    this.slotBytes = (MESSAGE_BYTES_MAX[shape] + 1) * perDatagram;
    this.bytes = new Uint8Array(new ArrayBuffer(slots * this.slotBytes));
    this.lengths = new Uint32Array(slots);
    this.#messages = new Uint32Array(slots);
    this.#a1Sums = new Float64Array(slots);
    this.#a2Maxes = new Uint32Array(slots);
    this.#a3Mins = new Uint32Array(slots);
    this.#perDatagram = perDatagram;
    this.#write = WRITERS[shape];
    this.#pen = new Pen(this.bytes);
    this.#values = new Random(seed);
    this.#layout = new Random(~seed); // Separate from the values, so that the shape does not change the sums.
  }

  /** Writes the next batch: this many messages, or as many as the slots hold. */
  fill(messages: number): void {
    let left = messages;
    for (this.size = 0; this.size < this.slots && left > 0; this.size++) {
      const take = Math.min(left, this.#perDatagram);
      this.#fillSlot(this.size, take);
      left -= take;
    }
  }

  #fillSlot(slot: number, messages: number): void {
    const pen = this.#pen;
    const message = this.#message;
    const begin = slot * this.slotBytes;
    let a1Sum = 0;
    let a2Max = 0;
    let a3Min = Infinity;
    pen.at = begin;
    for (let i = 0; i < messages; i++) {
      if (i > 0) pen.bytes[pen.at++] = 10;
      const a1 = message[0] = this.#values.bits(10);
      const a2 = message[1] = this.#values.bits(16);
      const a3 = message[2] = this.#values.bits(16) + 7; // Never 0, so that a lost minimum (0) is noticed.
      this.#write(pen, message, this.#layout);
      a1Sum += a1;
      a2Max = Math.max(a2Max, a2);
      a3Min = Math.min(a3Min, a3);
    }
    this.lengths[slot] = pen.at - begin;
    this.#messages[slot] = messages;
    this.#a1Sums[slot] = a1Sum;
    this.#a2Maxes[slot] = a2Max;
    this.#a3Mins[slot] = a3Min;
  }

  /** Adds the datagrams of slots `begin` to `end`, exclusive: those that the kernel took. */
  addTo(totals: Totals, begin: number, end: number): void {
    for (let slot = begin; slot < end; slot++) {
      const a3Min = this.#a3Mins[slot]!;
      totals.A3_min = totals.messages === 0 ? a3Min : Math.min(totals.A3_min, a3Min);
      totals.A2_max = Math.max(totals.A2_max, this.#a2Maxes[slot]!);
      totals.A1_sum += this.#a1Sums[slot]!;
      totals.messages += this.#messages[slot]!;
      totals.datagrams++;
    }
  }
}
