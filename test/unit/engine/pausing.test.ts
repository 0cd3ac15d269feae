import { describe, expect, it } from 'vitest';
import type { PauseRetention } from '../../../src/wsn/messages.ts';
import { EngineHost, filterOf, faultOf } from './test-engine.ts';

async function subscribed(host: EngineHost, pauseRetention?: PauseRetention): Promise<string> {
  const { subscription } = await host.execute('subscribe', {
    consumer: { kind: 'push', reference: { address: 'http://consumer/', referenceParameters: [] }, soapVersion: '1.2' },
    filter: filterOf('a'),
    ...(pauseRetention === undefined ? {} : { policy: { pauseRetention } }),
    termination: { kind: 'absent' },
  });
  return subscription;
}

const KEPT: readonly [PauseRetention, string[]][] = [
  ['all', ['before', 'p1', 'p2', 'p3', 'after']],
  ['last', ['before', 'p3', 'after']],
  ['none', ['before', 'after']],
];

describe.each([false, true])('messages while paused (with a crash at every step: %s)', (crashes) => {
  const step = async (host: EngineHost): Promise<void> => {
    if (crashes) await host.restart();
  };

  it.each(KEPT)('retention %s keeps %j', async (retention, expected) => {
    const host = new EngineHost();
    await host.start();
    const subscription = await subscribed(host, retention);
    await host.notify('a', 'before');
    await host.execute('pause', { subscription });
    await step(host);
    await host.notify('a', 'p1');
    await host.notify('a', 'p2');
    await step(host);
    await host.notify('a', 'p3');
    await step(host);
    expect(await host.claim(subscription)).toBeUndefined();
    await host.execute('resume', { subscription });
    await step(host);
    await host.notify('a', 'after');
    expect(await host.deliver(subscription)).toEqual(expected);
    await step(host);
    expect(await host.deliver(subscription)).toEqual(crashes ? expect.any(Array) : []);
  });

  it('of several pauses each keeps its own last', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await subscribed(host, 'last');
    for (const round of ['1', '2', '3']) {
      await host.execute('pause', { subscription });
      await host.notify('a', `${round}a`, `${round}b`);
      await step(host);
      await host.execute('resume', { subscription });
    }
    await step(host);
    expect(await host.deliver(subscription)).toEqual(['1b', '2b', '3b']);
  });
});

it('the topology says what holds for those who do not', async () => {
  const host = new EngineHost({ conduct: { pauseRetention: 'none' } });
  await host.start();
  const silent = await subscribed(host);
  const outspoken = await subscribed(host, 'all');
  for (const subscription of [silent, outspoken]) await host.execute('pause', { subscription });
  await host.notify('a', 'paused');
  for (const subscription of [silent, outspoken]) await host.execute('resume', { subscription });
  expect(await host.deliver(silent)).toEqual([]);
  expect(await host.deliver(outspoken)).toEqual(['paused']);
  expect(await host.execute('describe', { resource: silent })).toMatchObject({ policy: { pauseRetention: 'none' } });
});

it('retention last keeps the last of more than fits into the queue, and the log can be trimmed', async () => {
  const host = new EngineHost({ limits: { queueLength: 4 } });
  await host.start();
  const subscription = await subscribed(host, 'last');
  for (let index = 0; index < 10; index += 1) await host.notify('a', `before ${index}`);
  await host.execute('pause', { subscription });
  for (let index = 0; index < 600; index += 1) await host.notify('a', `paused ${index}`);
  await host.execute('resume', { subscription });
  const delivered = await host.deliver(subscription);
  expect(delivered).toEqual([...Array.from({ length: 10 }, (_, index) => `before ${index}`), 'paused 599']);
});

it('refuses one pause too many while nothing is delivered, and takes one again when something is', async () => {
  const host = new EngineHost();
  await host.start();
  const subscription = await subscribed(host, 'last');
  for (let round = 0; round < 64; round += 1) {
    await host.execute('pause', { subscription });
    await host.notify('a', String(round));
    await host.execute('resume', { subscription });
  }
  expect(await faultOf(host.execute('pause', { subscription }))).toBe('PauseFailedFault');
  expect(await host.deliver(subscription)).toHaveLength(64);
  await host.clock.advance(100);
  await host.execute('pause', { subscription });
  await host.execute('resume', { subscription });
});
