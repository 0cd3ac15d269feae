import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MoveOutcome } from '../../src/app/channels.ts';
import { isAlive, TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, referenceIn, send, sendTo, subscribe, WSNT, type Reference } from '../support/soap-client.ts';
import { firstArrivals, Stream } from '../support/stream.ts';

const TEV = 'http://www.onvif.org/ver10/events/wsdl';
const MOVES = 6;
const LONG_MS = 60_000;

let cluster: TestCluster;
let consumer: TestConsumer;

beforeAll(async () => {
  cluster = await TestCluster.start('high-availability', {
    replace: [['failback: automatic', 'failback: automatic, failbackDelay: 1s']],
    extra: 'profiles: { onvif: true }',
  });
  consumer = await TestConsumer.start();
});

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await consumer[Symbol.asyncDispose]();
});

async function command(...words: string[]): Promise<Record<string, unknown>[]> {
  const args = ['dist/main.js', ...words, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: cluster.environment });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function engines(...words: string[]): Promise<Record<string, unknown>> {
  return (await command('engines', ...words, '--topology', cluster.file))[0]!;
}

async function failureOf(...words: string[]): Promise<string> {
  return engines(...words).then(
    () => 'no failure',
    (error: unknown) => (error as { stderr: string }).stderr,
  );
}

/** A publisher and a consumer over the front door, from before `work` until everything has arrived after it. */
async function underLoad(topic: string, work: (stream: Stream) => Promise<void>): Promise<void> {
  await subscribe(cluster.url, consumer.url, { topic });
  const stream = new Stream(() => cluster.url, topic, { name: `${topic}-` });
  await eventually('the stream flows', () => stream.acknowledged.length > 20, LONG_MS);
  try {
    await work(stream);
    const seen = stream.acknowledged.length;
    await eventually('the stream flows on', () => stream.acknowledged.length > seen + 20, LONG_MS);
  } finally {
    await stream.stop();
  }
  expect(stream.errors).toEqual([]);
  const arrived = (): readonly string[] => consumer.payloads.filter((payload) => payload.startsWith(`${topic}-`));
  await eventually('all have arrived', () => stream.acknowledged.every((one) => arrived().includes(one)), LONG_MS);
  expect(firstArrivals(arrived())).toEqual(stream.acknowledged);
}

async function pullPoint(): Promise<Reference> {
  const created = await send(`${cluster.url}/onvif/event_service`, `<t:CreatePullPointSubscription xmlns:t="${TEV}"/>`);
  return referenceIn(created.body!.child(TEV, 'SubscriptionReference')!);
}

function pull(reference: Reference, seconds: number): ReturnType<typeof sendTo> {
  const body = `<t:PullMessages xmlns:t="${TEV}"><t:Timeout>PT${String(seconds)}S</t:Timeout><t:MessageLimit>5</t:MessageLimit></t:PullMessages>`;
  return sendTo(reference, body, { timeoutMs: LONG_MS });
}

describe('engines move', () => {
  it('moves an engine to and fro under load: no error, nothing lost, order kept', async () => {
    const pauses: number[] = [];
    await underLoad('{urn:moves}t', async () => {
      for (let move = 0; move < MOVES; move += 1) {
        const target = cluster.hostOf('ME1').server === 'server1' ? 'server2' : 'server1';
        const moved = (await engines('move', 'ME1', target)) as unknown as Extract<MoveOutcome, { isMoved: true }>;
        expect(moved).toMatchObject({ isMoved: true, server: target });
        pauses.push(moved.pauseMs);
      }
    });
    pauses.sort((a, b) => a - b);
    console.info(`${String(MOVES)} moves under load; pause ms: ${pauses.join(' ')}`);
    expect(pauses[0]).toBeLessThan(2_000);
  });

  it('F37: a poll outlives a planned move: no empty reply before its Timeout, and the message that comes then', async () => {
    const target = cluster.hostOf('ME1').server === 'server1' ? 'server2' : 'server1';
    const [waiting, empty] = await Promise.all([pullPoint(), pullPoint()]);
    await sendTo(waiting, '<wsnt:Renew><wsnt:TerminationTime>PT1H</wsnt:TerminationTime></wsnt:Renew>');
    await pull(empty, 0);
    const since = performance.now();
    const polling = pull(waiting, 50);
    // Nothing more is published until the move is over, so the second poll of the same pull point must wait.
    const early = pull(empty, 6).then((answer) => ({ answer, tookMs: performance.now() - since }));
    await engines('move', 'ME1', target);
    const { answer, tookMs } = await early;
    expect(answer.body?.localName).toBe('PullMessagesResponse');
    expect(answer.body?.child(WSNT, 'NotificationMessage')).toBeUndefined();
    // The rest of its time, and not all of it once more.
    expect(tookMs).toBeGreaterThan(5_900);
    expect(tookMs).toBeLessThan(11_900);
    await publish(cluster.url, '{urn:poll}t', 'after the move');
    const polled = await polling;
    expect(polled.text).toContain('after the move');
  });

  it('says what is wrong with what it was asked for', async () => {
    expect(await failureOf('move', 'ME9', 'server1')).toContain('No engine "ME9" in the topology; there is ME1');
    expect(await failureOf('move', 'ME1', 'server9')).toContain('there is server1, server2, server3');
    const { server } = cluster.hostOf('ME1');
    expect(await engines('move', 'ME1', server)).toMatchObject({ isMoved: false, server });
  });

  it('F32: what was moved by hand stays there, over the death of its server', async () => {
    await engines('move', 'ME1', 'server3');
    const { epoch } = cluster.hostOf('ME1');
    cluster.kill('server3');
    await eventually('it runs elsewhere', () => cluster.hostOf('ME1').epoch > epoch, LONG_MS);
    await eventually('it is back where it was put', () => cluster.hostOf('ME1').server === 'server3', LONG_MS);
    expect(isAlive(cluster.pidOf('server3'))).toBe(true);
    await engines('move', 'ME1', 'server1');
  });

  it('drains a server: it runs nothing and takes nothing until it is undrained', async () => {
    expect(await engines('drain', 'server1')).toMatchObject({ moves: [{ isMoved: true, engine: 'ME1' }] });
    expect(await failureOf('move', 'ME1', 'server1')).toContain('server1 cannot take ME1: it is drained');
    // It still serves its service point, for an engine that runs elsewhere.
    expect((await publish(cluster.serverUrl('server1'), '{urn:drained}t', 'x')).status).toBe(202);
    await engines('undrain', 'server1');
    await eventually('it comes back', () => cluster.hostOf('ME1').server === 'server1', LONG_MS);
  });
});

describe('restarts', () => {
  it('F32: restart --rolling under load: every member anew, no error, nothing lost', async () => {
    const before = ['server1', 'server2', 'server3', 'proxy1'].map((name) => cluster.pidOf(name));
    await underLoad('{urn:rolling}t', async () => {
      const restarted = await command('restart', '--rolling', cluster.file);
      expect(restarted.map(({ member }) => member)).toEqual(['server1', 'server2', 'server3', 'proxy1']);
      console.info(`rolling restart, ms: ${restarted.map(({ tookMs }) => String(tookMs)).join(' ')}`);
    });
    for (const pid of before) await eventually('the old process has ended', () => !isAlive(pid), LONG_MS);
  });

  it('F31: SIGTERM to the proxy under load: no request fails; kill -9: at most the one in flight', async () => {
    const proxy = cluster.pidOf('proxy1');
    await underLoad('{urn:proxy}t', async () => {
      cluster.kill('proxy1', 'SIGTERM');
      await eventually('it has ended', () => !isAlive(proxy), LONG_MS);
    });
    const stream = new Stream(() => cluster.url, '{urn:killed}t');
    await eventually('the stream flows', () => stream.acknowledged.length > 20, LONG_MS);
    cluster.kill('proxy1');
    const seen = stream.acknowledged.length;
    await eventually('the stream flows again', () => stream.acknowledged.length > seen + 20, LONG_MS);
    await stream.stop();
    expect(stream.errors.length).toBeLessThanOrEqual(1);
  });
});
