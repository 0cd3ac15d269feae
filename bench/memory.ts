import { setTimeout as delay } from 'node:timers/promises';
import { LoneServer } from './load/lone-server.ts';
import { Probe } from './load/probe.ts';
import { subscribeMany } from './load/subscriptions.ts';
import type { Extent, Outcome } from './outcome.ts';
import { Resident } from './resident.ts';
import { summaryOf, type Summary } from './rounds.ts';

const MB = 1e6;
const MOST_MB = 300;
/** To subscribe so many takes minutes, and memory varies little. */
const MOST_ROUNDS = 2;

/**
 * What a server needs of memory with many subscriptions: when they have been made, and when it has been killed and has
 * loaded them. After it was left alone for a while, and then after it has collected its garbage, which it does when asked
 * for its heap.
 */
export async function memory({ rounds, many, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const found = new Map<string, number[]>();
  const most = Math.min(rounds, MOST_ROUNDS);
  const settleMs = ms * 50;
  for (let round = 1; round <= most; round += 1) {
    using probe = new Probe({ isCollecting: true });
    await using server = await LoneServer.start('', probe.environment);
    const look = async (when: string): Promise<void> => {
      report(`round ${round}/${most}: ${when}`);
      await delay(settleMs);
      for (const [what, value] of Object.entries(await lookInto(server, probe))) {
        const name = `${when}: ${what}`;
        found.set(name, [...(found.get(name) ?? []), value]);
      }
    };
    await look('empty');
    report(`round ${round}/${most}: subscribing ${many}`);
    await subscribeMany(server.url, many);
    await look(MADE);
    await server.kill();
    await server.up();
    await look(LOADED);
  }
  const measured: Record<string, Summary> = {};
  for (const [name, values] of found) measured[name] = summaryOf('MB', values);
  const targets = [MADE, LOADED].map((when) => {
    const median = measured[`${when}: ${RESIDENT}`]?.median ?? NaN;
    return { name: `resident MB, ${many} ${when}`, found: median, atMost: MOST_MB };
  });
  return { measured, targets };
}

const MADE = 'subscriptions made';
const LOADED = 'subscriptions loaded';
const RESIDENT = 'resident';

async function lookInto(server: LoneServer, probe: Probe): Promise<Readonly<Record<string, number>>> {
  using resident = new Resident(() => server.pid);
  const before = resident.take().at(-1) ?? NaN;
  const { heapUsed } = await probe.ask(server.pid);
  const after = resident.take().at(-1) ?? NaN;
  return { [RESIDENT]: before, 'resident, collected': after, 'heap in use': heapUsed / MB };
}
