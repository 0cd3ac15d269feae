import { Child } from './load/child.ts';
import { Consumers } from './load/consumers.ts';
import { cpuMs } from './load/cpu.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, type Contestant, type Readings } from './rounds.ts';

/** What the process with the engine is told: `fill` and `deliver` it one after the other, `end` when all has arrived. */
export type BatchingOrder =
  | { readonly what: 'fill'; readonly urls: readonly string[]; readonly messages: number }
  | { readonly what: 'deliver'; readonly perPost: number }
  | { readonly what: 'end' };

const COUNTS = [1, 16];
/** Below the limit of a subscription's backlog. */
const MOST = 9_000;
const RATE = 'notifications/s';
const ALONE = 'one for each post';
const TOGETHER = 'as many as there are, up to 50';
const PER_POST = { [ALONE]: 1, [TOGETHER]: Infinity };

/**
 * How fast a backlog is delivered, by how many messages go in one Notify. Our engine, store and delivery in one process;
 * only how much delivery may claim at a time differs. The consumers answer at once.
 */
export async function batching({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  await using consumers = await Consumers.start(Math.max(...COUNTS));
  const [child] = await Child.start(new URL('./load/batching-process.ts', import.meta.url));
  await using engine = child;
  const total = Math.min(MOST, ms * 30);
  const contestants = COUNTS.flatMap((count) =>
    Object.entries(PER_POST).map(([how, perPost]): Contestant => ({
      name: nameOf(count, how),
      measure: () => deliver(engine, consumers, count, Math.ceil(total / count), perPost),
    })),
  );
  for (const { measure } of contestants) await measure();
  const measured = await measureInTurn(contestants, rounds, report);
  const at = (count: number, how: string): number => measured[`${nameOf(count, how)}: ${RATE}`]?.median ?? NaN;
  const targets = COUNTS.map((count) => ({
    name: `batched to single, ${count} subscribers, of ${RATE}`,
    found: Number((at(count, TOGETHER) / at(count, ALONE)).toPrecision(3)),
    atLeast: 5,
  }));
  return { measured, targets };
}

function nameOf(count: number, how: string): string {
  return `${count} subscribers, ${how}`;
}

async function deliver(
  engine: Child,
  consumers: Consumers,
  count: number,
  messages: number,
  perPost: number,
): Promise<Readings> {
  const tell = async (order: BatchingOrder): Promise<string> => engine.ask<string>(order);
  await tell({ what: 'fill', urls: consumers.urls.slice(0, count), messages });
  const before = await consumers.count(count * messages);
  const [startedAt, cpuBefore] = [performance.now(), cpuMs([engine.pid])];
  await tell({ what: 'deliver', perPost: Math.min(perPost, Number.MAX_SAFE_INTEGER) });
  await consumers.reached(before.messages + count * messages);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = cpuMs([engine.pid]) - cpuBefore;
  const after = await consumers.count();
  await tell({ what: 'end' });
  const delivered = after.messages - before.messages;
  return {
    [RATE]: delivered / seconds,
    'µs of CPU per notification': (cpu * 1000) / delivered,
    'notifications per post': delivered / (after.posts - before.posts),
  };
}
