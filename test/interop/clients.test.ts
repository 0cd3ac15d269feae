import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

/** Clients that nobody here wrote, and our own, each as a process of its own against a real cluster. */

const run = promisify(execFile);
/** For what needs a process to start, on a machine that is busy. */
const START_MS = 60_000;
const python = ['python3', '/usr/bin/python3'].find((program) => succeeds(program, ['-c', 'import zeep']));
const hasGsoap =
  ['wsdl2h', 'soapcpp2', 'g++'].every((program) => succeeds('sh', ['-c', `command -v ${program}`])) &&
  existsSync('/usr/share/gsoap/import/wsa5.h');

let cluster: TestCluster;
let directory: string;
let wsdl: string;

beforeAll(async () => {
  cluster = await TestCluster.start('combined');
  directory = mkdtempSync(join(tmpdir(), 'pointsman-clients-'));
  wsdl = `${cluster.url}/wsn/NotificationBroker?wsdl`;
});

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(python === undefined)('python-zeep', () => {
  test('reads the WSDL and goes through the life of subscriptions and pull points, SOAP 1.1 and 1.2', async () => {
    const steps = await stepsOf(python!, ['test/interop/zeep/client.py', wsdl]);
    const round = ['Load', 'Subscribe', 'Renew', 'PauseAndResume', 'Unsubscribe', ...PULLING];
    expect(steps).toEqual([...round, ...round, 'Done']);
  });
});

describe.skipIf(!hasGsoap)('gSOAP', () => {
  test('makes a client from the WSDL that goes through the same', { timeout: 300_000 }, async () => {
    await run('sh', ['test/interop/gsoap/build.sh', wsdl, directory], { timeout: 240_000 });
    expect(await stepsOf(join(directory, 'client'), [wsdl])).toEqual([
      'Subscribe',
      'Renew',
      'Unsubscribe',
      ...PULLING,
      'Done',
    ]);
  });
});

describe('the command line', () => {
  test('what is published reaches a subscriber and a pull point', async () => {
    const topic = ['--wsdl', wsdl, '--topic', '{urn:interop:cli}sport/football', '--json', '--count', '3'];
    const consumers = [pointsman('subscribe', ...topic), pointsman('pull', ...topic, '--every', '50ms')];
    await eventually(
      'both are subscribed',
      () => consumers.every(({ lines }) => lines.some(({ event }) => event === 'subscribed')),
      START_MS,
    );
    const payload = `<goal xmlns="urn:g" by='7'><![CDATA[<&]]></goal>`;
    const publisher = pointsman('publish', ...topic, '--message', payload);
    expect(await publisher.ended).toBe(0);
    expect(publisher.lines).toMatchObject([1, 2, 3].map((number) => ({ event: 'published', number, status: 202 })));
    for (const { ended, lines, stderr } of consumers) {
      expect(await ended, stderr()).toBe(0);
      const received = lines.filter(({ event }) => event === 'notification');
      expect(received).toMatchObject(
        [1, 2, 3].map(() => ({
          topic: '{urn:interop:cli}sport/football',
          payload: { goal: { '@by': '7', '#text': '<&' } },
        })),
      );
      expect(lines.map(({ event }) => event)).toContain('unsubscribed');
    }
  });

  test('an interrupt ends a subscription with 0', async () => {
    const subscriber = pointsman('subscribe', '--wsdl', wsdl, '--json');
    await eventually('it is subscribed', () => subscriber.lines.some(({ event }) => event === 'subscribed'), START_MS);
    subscriber.child.kill('SIGINT');
    expect(await subscriber.ended, subscriber.stderr()).toBe(0);
    expect(subscriber.lines.at(-1)).toMatchObject({ event: 'unsubscribed' });
  });

  test('a fault, nobody there, and bad arguments have exit codes and a line for the user', async () => {
    const faulty = pointsman('subscribe', '--wsdl', wsdl, '--topic', 'a', '--dialect', 'urn:unheard-of');
    expect([await faulty.ended, faulty.stderr()]).toEqual([
      1,
      expect.stringMatching(/^pointsman: TopicExpressionDialectUnknownFault/),
    ]);
    const lonely = pointsman('publish', '--wsdl', 'http://127.0.0.1:9/?wsdl', '--message', '<x/>');
    expect([await lonely.ended, lonely.stderr()]).toEqual([1, expect.stringContaining('nothing listens there')]);
    const wrong = pointsman('publish', '--message', 'no xml');
    expect([await wrong.ended, wrong.stderr()]).toEqual([
      2,
      expect.stringContaining('--message takes one XML element'),
    ]);
  });
});

const PULLING = ['CreatePullPoint', 'SubscribePullPoint', 'Notify', 'GetMessages', 'DestroyPullPoint'];

/** The names of the steps that a client printed; it must have ended with 0. */
async function stepsOf(program: string, args: readonly string[]): Promise<unknown[]> {
  const { stdout } = await run(program, args, { timeout: 60_000 }).catch((error: unknown) => {
    throw new Error(`${program} failed: ${JSON.stringify(error)}`, { cause: error });
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { step: unknown }).step);
}

interface Running {
  readonly child: ChildProcess;
  /** What it has printed, each line as JSON. */
  readonly lines: Record<string, unknown>[];
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

function pointsman(...args: string[]): Running {
  const child = spawn(process.execPath, ['dist/main.js', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Record<string, unknown>[] = [];
  let stderr = '';
  createInterface({ input: child.stdout }).on('line', (line) =>
    lines.push(JSON.parse(line) as Record<string, unknown>),
  );
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, lines, stderr: () => stderr, ended };
}

function succeeds(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
