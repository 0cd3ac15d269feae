import { randomId } from './ids.ts';

/** Digits of a number: enough for ten million ids a second in a year. */
const DIGITS = 12;
const HEXADECIMAL = /^[0-9a-f]+$/;

/**
 * Makes ids, each once in the world. Those of one series follow each other in order: where they are stored, what comes last in
 * an index costs a fraction of what comes anywhere in it; and one above all that have come before has surely not come before.
 */
export class IdSeries {
  readonly #start = randomId();
  #count = 0;

  next(): string {
    this.#count += 1;
    return `${this.#start}-${this.#count.toString(16).padStart(DIGITS, '0')}`;
  }
}

/** Where an id, or a text that ends with one, stands. `series`: all of it that its neighbours have too. */
export interface SeriesPlace {
  readonly series: string;
  readonly number: number;
}

/** The place of what an IdSeries has made; undefined: it did not. */
export function seriesPlaceOf(text: string): SeriesPlace | undefined {
  const end = text.length - DIGITS;
  const digits = text.slice(end);
  if (end < 1 || text.charAt(end - 1) !== '-' || !HEXADECIMAL.test(digits)) return undefined;
  return { series: text.slice(0, end), number: Number.parseInt(digits, 16) };
}
