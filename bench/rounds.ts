/** Somebody who is measured: prepared once, then measured in each round. */
export interface Contestant {
  readonly name: string;
  readonly unit: string;
  /** Measures once. */
  readonly measure: () => number | Promise<number>;
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

/** Measures all in turn, round by round, so that what else the machine does meets all of them alike. */
export async function measureInTurn(
  contestants: readonly Contestant[],
  rounds: number,
  report: (line: string) => void,
): Promise<Record<string, Summary>> {
  const values = new Map<Contestant, number[]>(contestants.map((one) => [one, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [contestant, measured] of values) {
      if (round > (contestant.rounds ?? Infinity)) continue;
      report(`round ${round}/${rounds}: ${contestant.name}`);
      measured.push(await contestant.measure());
    }
  }
  return Object.fromEntries([...values].map(([{ name, unit }, measured]) => [name, summaryOf(unit, measured)]));
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
