import { pathToFileURL } from 'node:url';
import { bundled } from '../test/support/bundled.ts';
import { notifyEnvelope, type Payloads } from './load/request.ts';
import type { Extent, Outcome } from './outcome.ts';
import type * as ParseReaders from './parse-readers.ts';
import { measureInTurn, perSecond, type Contestant } from './rounds.ts';

const RATE = 'documents/s';
const MESSAGES = 10;

/**
 * Reading a Notify of ten messages, from its bytes: ours beside parsers in JavaScript, which refuse less and keep no byte
 * ranges. `readings` is dense with elements and attributes, `text` is not. Our own code is bundled, as it is in the program; packages
 * are as they come.
 */
export async function parse({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const readers = pathToFileURL(bundled(new URL('parse-readers.ts', import.meta.url))).href;
  const { READERS, OURS, SAXES } = (await import(readers)) as typeof ParseReaders;
  const contestants = (['readings', 'text'] as const).flatMap((payloads) => {
    const bytes = Buffer.from(notifyEnvelope(MESSAGES, payloads));
    return Object.entries(READERS).map(([name, read]) => contestant(nameOf(name, payloads), bytes, read, ms));
  });
  const measured = await measureInTurn(contestants, rounds, report);
  const times = (payloads: Payloads): number => {
    const at = (name: string): number => measured[nameOf(name, payloads)]?.median ?? NaN;
    return Number((at(OURS) / at(SAXES)).toPrecision(3));
  };
  return {
    measured,
    targets: [
      { name: 'readings, to saxes, of documents/s', found: times('readings'), atLeast: 5 },
      { name: 'text, to saxes, of documents/s', found: times('text'), atLeast: 5 },
    ],
  };
}

function nameOf(reader: string, payloads: Payloads): string {
  return `${payloads}, ${reader}`;
}

function contestant(name: string, bytes: Buffer, read: (bytes: Buffer) => number, ms: number): Contestant {
  const found = read(bytes);
  if (found !== MESSAGES) throw new Error(`${name} found ${found} messages, expected ${MESSAGES}`);
  // What is compiled while it runs does not count.
  perSecond(ms, () => read(bytes));
  return { name, unit: RATE, measure: () => perSecond(ms, () => read(bytes)) };
}
