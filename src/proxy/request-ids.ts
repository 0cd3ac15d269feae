import { randomId } from '../kernel/ids.ts';

/** Digits of a number: enough for ten million requests a second in a year. */
const DIGITS = 12;

/**
 * Names requests, each once in the world. The names of one proxy follow each other in order: engines store them, and what
 * comes last in an index costs a fraction of what comes anywhere in it.
 */
export class RequestIds {
  readonly #start = randomId();
  #count = 0;

  next(): string {
    this.#count += 1;
    return `${this.#start}-${this.#count.toString(16).padStart(DIGITS, '0')}`;
  }
}
