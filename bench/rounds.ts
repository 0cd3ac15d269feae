/** Several figures of one measurement, by their units. */
export type Readings = Readonly<Record<string, number>>;

/** Somebody who is measured: prepared once, then measured in each round. */
export interface Contestant {
  readonly name: string;
  /** Of the one figure, where it is one. */
  readonly unit?: string;
  /** Measures once. */
  readonly measure: () => number | Readings | Promise<number | Readings>;
  /** Not measured in further rounds: it takes long. */
  readonly rounds?: number | undefined;
}

/** What was measured of one contestant. */
export interface Summary {
  readonly unit: string;
  readonly median: number;
  /** The lowest and the highest. */
  readonly least: number;
  readonly most: number;
  readonly values: readonly number[];
}

/**
 * Measures all in turn, round by round, so that what else the machine does meets all of them alike. The result is by the
 * names of the contestants; where one has several figures, each is under `name: unit`.
 */
export async function measureInTurn(
  contestants: readonly Contestant[],
  rounds: number,
  report: (line: string) => void,
): Promise<Record<string, Summary>> {
  const measured = new Map<string, { readonly unit: string; readonly values: number[] }>();
  const note = (name: string, unit: string, value: number): void => {
    const known = measured.get(name) ?? { unit, values: [] };
    known.values.push(value);
    measured.set(name, known);
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, unit = '', measure, rounds: most = Infinity } of contestants) {
      if (round > most) continue;
      report(`round ${round}/${rounds}: ${name}`);
      const found = await measure();
      if (typeof found === 'number') note(name, unit, found);
      else for (const [of, value] of Object.entries(found)) note(`${name}: ${of}`, of, value);
    }
  }
  return Object.fromEntries([...measured].map(([name, { unit, values }]) => [name, summaryOf(unit, values)]));
}

/** How often `work` can be done per second, done for at least `ms` milliseconds and at least once. */
export function perSecond(ms: number, work: () => void): number {
  const begin = performance.now();
  let count = 0;
  let elapsed = 0;
  for (let step = 1; elapsed < ms; step = Math.min(step * 2, 64)) {
    for (let index = 0; index < step; index += 1) work();
    count += step;
    elapsed = performance.now() - begin;
  }
  return (count / elapsed) * 1000;
}

/** The middle, the lowest and the highest of what was measured. */
export function summaryOf(unit: string, values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => rounded(sorted[index] ?? NaN);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : rounded((at(middle - 1) + at(middle)) / 2);
  return { unit, median, least: at(0), most: at(sorted.length - 1), values: values.map(rounded) };
}

/** Four digits: what is measured is no more exact. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
