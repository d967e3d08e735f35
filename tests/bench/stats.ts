/** The figures of one run of a contender under a load, by name. Names end with the unit. */
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
  /**
   * The compared figures, divided by the baseline's in the same run. A figure is missing if no run has both.
   */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** The first compared figure, divided by the same contender's under the first load in the same run. */
  readonly toFirstLoad: Spread | null;
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
 * Returns a summary for each contender under each load, in the order in which they first appear. Ratios are
 * computed per run, before their median, so that a slow run, such as when the machine has other work, cancels
 * out.
 *
 * @param compared the names of the figures to compute ratios of
 */
export function summarize(
  samples: readonly Sample[],
  baseline: string,
  compared: readonly [string, ...string[]],
): Summary[] {
  const place = ({ load, contender, run }: Omit<Sample, "figures">) => JSON.stringify([load, contender, run]);
  const byPlace = new Map(samples.map((sample) => [place(sample), sample]));
  const firstLoad = samples[0]?.load ?? "";
  const groups = Map.groupBy(samples, ({ load, contender }) => JSON.stringify([load, contender]));
  return [...groups.values()].map((group) => {
    const { load, contender, figures } = group[0]!;
    const ratio = (figure: string, to: { load?: string; contender?: string }): Spread | null => {
      const ratios = group.flatMap((sample) => {
        const other = byPlace.get(place({ ...sample, ...to }))?.figures[figure];
        const own = sample.figures[figure];
        return own === undefined || other === undefined ? [] : [own / other];
      });
      return ratios.length === 0 ? null : spread(ratios);
    };
    const names = Object.keys(figures);
    const ratios = compared.map((figure) => [figure, ratio(figure, { contender: baseline })] as const);
    return {
      load,
      contender,
      runs: group.length,
      figures: Object.fromEntries(names.map((name) => [name, spread(group.map((s) => s.figures[name]!))])),
      ratios: Object.fromEntries(ratios.filter((each): each is [string, Spread] => each[1] !== null)),
      toFirstLoad: ratio(compared[0], { load: firstLoad }),
    };
  });
}
