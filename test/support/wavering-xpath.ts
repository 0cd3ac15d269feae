import { InfrastructureError } from '../../src/kernel/errors.ts';
import type { XPath } from '../../src/xml/xpath/xpath.ts';
import { libxmlXPath } from './libxml-xpath.ts';

/** XPath on a machine that is busy when the test says so: then it cannot tell whether an expression is true. */
export class WaveringXPath implements XPath {
  /** How often an expression was asked about, with an answer or without. */
  asked = 0;
  readonly #isBusy: () => boolean;

  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  check(...args: Parameters<XPath['check']>): void {
    libxmlXPath.check(...args);
  }

  test(...args: Parameters<XPath['test']>): ReturnType<XPath['test']> {
    return libxmlXPath.test(...args).map((result) => {
      this.asked += 1;
      return this.#isBusy() ? undefined : result;
    });
  }

  evaluate(...args: Parameters<XPath['evaluate']>): ReturnType<XPath['evaluate']> {
    this.asked += 1;
    if (this.#isBusy()) throw new InfrastructureError('overloaded', 'The machine is busy', { processed: 'no' });
    return libxmlXPath.evaluate(...args);
  }
}
