import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MessagingEngine } from '../../../src/engine/engine.ts';
import type { EngineOperation, EngineOperations } from '../../../src/engine/ports/engine.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { Tenure } from '../../../src/kernel/tenure.ts';
import { loaded } from '../../contract/store-contents.ts';
import { activate, deactivate, type Member } from '../../contract/storage-world.ts';
import { eventually } from '../../support/eventually.ts';
import { libxmlXPath } from '../../support/libxml-xpath.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';

const LIMITS = { maxRequests: 20, maxCurrentTopics: 10 };

/** An engine over a real database, and a clock of its own that makes it tidy up. */
async function engineOn(member: Member, clock: ManualClock) {
  const { lease, store } = await activate(member, 'ME1');
  const tenure: Tenure = { epoch: lease.epoch, signal: new AbortController().signal, isCurrent: () => true };
  const engine = new MessagingEngine({
    ...{ name: 'ME1', store, tenure, clock, logger: silentLogger, peers: [], xpath: libxmlXPath, limits: LIMITS },
    properties: () => Buffer.from('<none/>'),
    onFailure: (error) => {
      throw error;
    },
  });
  await engine.start();
  let requests = 0;
  return {
    engine,
    store,
    execute: async <O extends EngineOperation>(
      operation: O,
      request: EngineOperations[O]['request'],
    ): Promise<EngineOperations[O]['reply']> =>
      engine.execute(operation, request, { requestId: `${lease.epoch}-${(requests += 1)}` }),
    end: async (): Promise<void> => {
      await engine.stop();
      await deactivate({ lease, store });
    },
  };
}

/** The database and its write-ahead log. */
function bytesIn(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.db(-wal)?$/.test(name),
  );
  expect(names.length).toBeGreaterThan(0);
  return names.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

describe('a store that is written for long', () => {
  it('does not grow: what everybody has got makes room for what comes', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path, 'server1', { tuning: { ballastBytes: 0 } });
    const clock = new ManualClock();
    const { engine, store, execute, end } = await engineOn(member, clock);
    const { subscription } = await execute('subscribe', {
      consumer: { kind: 'push', reference: { address: 'http://c/', referenceParameters: [] }, soapVersion: '1.2' },
      filter: { topics: [] },
      termination: { kind: 'absent' },
    });
    const message = Buffer.alloc(8 * 1024, 'x');
    const sizes: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      for (let request = 0; request < 5; request += 1) {
        await execute('notify', { messages: Array.from({ length: 100 }, () => ({ topic: `t${request}`, message })) });
      }
      for (let claim = await engine.outbox.claim(subscription, 100, 1_000_000); claim !== undefined;) {
        claim.settle('delivered');
        claim = await engine.outbox.claim(subscription, 100, 1_000_000);
      }
      await eventually('the log is trimmed', async () => {
        await clock.advance(1_000);
        const [oldest] = await store.read(0, 1, 1);
        return (oldest?.seq ?? Infinity) >= (round + 1) * 500;
      });
      sizes.push(bytesIn(directory.path));
    }
    const mib = sizes.map((size) => Math.round(size / 1024 / 1024));
    expect(mib.at(-1), `MiB after each round: ${mib.join(' ')}`).toBeLessThanOrEqual(
      1.25 * Math.max(...mib.slice(0, 4)),
    );
    await end();
  });

  it('remembers no more requests and current messages than it may, over restarts, too, and keeps nothing else in memory', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path, 'server1', { tuning: { ballastBytes: 0 } });
    const clock = new ManualClock();
    const spaceOf = async (store: Awaited<ReturnType<typeof engineOn>>['store'], wanted: string): Promise<number> =>
      (await loaded(store)).records.filter(({ space, key }) => space === wanted && key !== 'through').length;
    for (let life = 0; life < 4; life += 1) {
      const { store, execute, end } = await engineOn(member, clock);
      for (let index = 0; index < 40; index += 1) {
        const message = Buffer.from(`<m>${index}</m>`);
        await execute('notify', { messages: [{ topic: `life${life}/t${index}`, message }] });
        await clock.advance(1);
      }
      await eventually('what is too much is gone', async () => {
        await clock.advance(1_000);
        return (await spaceOf(store, 'request')) <= 20 && (await spaceOf(store, 'current')) <= 10;
      });
      await end();
    }
    const { store, execute, end } = await engineOn(member, clock);
    expect([await spaceOf(store, 'request'), await spaceOf(store, 'current')]).toEqual([20, 10]);
    const { found } = await execute('currentMessage', { topic: 'life3/t39' });
    expect(found?.message.toString()).toBe('<m>39</m>');
    // All that was loaded is some kilobytes.
    expect(found?.message.buffer.byteLength).toBeLessThan(500);
    await end();
  });
});
