/** What one run of a contender under a load gave: figures by name, the units last. */
export type Measurement = Readonly<Record<string, number>>;

export interface Sample {
  readonly load: string;
  readonly contender: string;
  /** From 1; the samples of the same run were taken one after the other. */
  readonly run: number;
  readonly figures: Measurement;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A contender under a load, over all its runs. */
export interface Summary {
  readonly load: string;
  readonly contender: string;
  readonly runs: number;
  readonly figures: Readonly<Record<string, Spread>>;
  /** The figure compared, by that of the baseline in the same run; null where no run has both. */
  readonly ratio: Spread | null;
}

/** @throws {RangeError} There are no values. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("The spread of no values is not defined: give one at least");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/**
 * One summary for each contender under each load, in the order in which they first appear. Ratios are taken run by
 * run, before their median: what slows a whole run down, such as a neighbour on the machine, cancels out.
 *
 * @param compared The name of the figure that the ratio is of.
 */
export function summarize(samples: readonly Sample[], baseline: string, compared: string): Summary[] {
  const groups = Map.groupBy(samples, ({ load, contender }) => JSON.stringify([load, contender]));
  return [...groups.values()].map((group) => {
    const { load, contender, figures } = group[0]!;
    const ratios = group.flatMap((sample) => {
      const other = samples.find((candidate) =>
        candidate.load === load && candidate.contender === baseline && candidate.run === sample.run
      );
      return other === undefined ? [] : [sample.figures[compared]! / other.figures[compared]!];
    });
    const names = Object.keys(figures);
    return {
      load,
      contender,
      runs: group.length,
      figures: Object.fromEntries(names.map((name) => [name, spread(group.map((s) => s.figures[name]!))])),
      ratio: ratios.length === 0 ? null : spread(ratios),
    };
  });
}
