import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

/**
 * Clients that nobody here wrote, and our own, each as a process of its own against a real cluster: what each does is what
 * the table in docs/interop.md says.
 */

const run = promisify(execFile);
/** For what needs a process to start, on a machine that is busy. */
const START_MS = 60_000;
/** For wsdl2h, soapcpp2 and g++, which compile two clients at once. */
const BUILD_MS = 240_000;
const OFFICIAL_WSDL = '../shared/oasis';
const table = readTable(readFileSync('docs/interop.md', 'utf8'));
const python = ['python3', '/usr/bin/python3'].find((program) => succeeds(program, ['-c', 'import zeep']));
const hasPhp = succeeds('php', ['-r', 'exit(class_exists("SoapClient") ? 0 : 1);']);
const hasGsoap =
  ['wsdl2h', 'soapcpp2', 'g++'].every((program) => succeeds('sh', ['-c', `command -v ${program}`])) &&
  existsSync('/usr/share/gsoap/import/wsa5.h');

let cluster: TestCluster;
let directory: string;
let broker: string;
let wsdl: string;

beforeAll(async () => {
  cluster = await TestCluster.start('combined');
  directory = mkdtempSync(join(tmpdir(), 'pointsman-clients-'));
  broker = `${cluster.url}/wsn/NotificationBroker`;
  wsdl = `${broker}?wsdl`;
});

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

test('the table in docs/interop.md has all operations of this list, and the clients of this file', () => {
  expect(Object.keys(table)).toEqual([
    'node-soap',
    'zeep',
    'gSOAP, our WSDL',
    'gSOAP, official WSDL',
    'PHP SoapClient',
    'pointsman',
  ]);
  expect(table['zeep']).toEqual({ versions: 2, operations: OPERATIONS });
});

test('node-soap does what the table says', async () => {
  await expectAsInTable('node-soap', process.execPath, ['--import', 'tsx', 'test/interop/node-soap/client.ts', wsdl]);
});

test.skipIf(python === undefined)('python-zeep does what the table says', async () => {
  await expectAsInTable('zeep', python!, ['test/interop/zeep/client.py', wsdl]);
});

test.skipIf(!hasPhp)('PHP`s SoapClient does what the table says', async () => {
  await expectAsInTable('PHP SoapClient', 'php', ['test/interop/php/client.php', wsdl]);
});

describe.skipIf(!hasGsoap).concurrent('gSOAP', () => {
  test('made from our WSDL, does what the table says', { timeout: BUILD_MS + START_MS }, async () => {
    await expectAsInTable('gSOAP, our WSDL', await gsoapClient('ours', wsdl), [broker]);
  });

  test.skipIf(!existsSync(OFFICIAL_WSDL))(
    'made from the standards` WSDL, does what the table says',
    { timeout: BUILD_MS + START_MS },
    async () => {
      await expectAsInTable('gSOAP, official WSDL', await gsoapClient('official', OFFICIAL_WSDL), [broker]);
    },
  );
});

describe('the command line', () => {
  /** The operations that it was seen to do. */
  const done = new Set<string>();

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
    for (const { lines } of [publisher, ...consumers]) noteOperations(lines, done);
  });

  test('a subscription is renewed, and an interrupt ends it with 0', async () => {
    const subscriber = pointsman('subscribe', '--wsdl', wsdl, '--json', '--for', '4s');
    await eventually('it is renewed', () => subscriber.lines.some(({ event }) => event === 'renewed'), START_MS);
    subscriber.child.kill('SIGINT');
    expect(await subscriber.ended, subscriber.stderr()).toBe(0);
    expect(subscriber.lines.at(-1)).toMatchObject({ event: 'unsubscribed' });
    noteOperations(subscriber.lines, done);
  });

  test('a fault, nobody there, and bad arguments have exit codes and a line for the user', async () => {
    const faulty = pointsman('subscribe', '--wsdl', wsdl, '--topic', 'a', '--dialect', 'urn:unheard-of');
    expect([await faulty.ended, faulty.stderr()]).toEqual([
      1,
      expect.stringMatching(/^pointsman: TopicExpressionDialectUnknownFault/),
    ]);
    done.add('TypedFault');
    const lonely = pointsman('publish', '--wsdl', 'http://127.0.0.1:9/?wsdl', '--message', '<x/>');
    expect([await lonely.ended, lonely.stderr()]).toEqual([1, expect.stringContaining('nothing listens there')]);
    const wrong = pointsman('publish', '--message', 'no xml');
    expect([await wrong.ended, wrong.stderr()]).toEqual([
      2,
      expect.stringContaining('--message takes one XML element'),
    ]);
  });

  test('that is what the table says', () => {
    expect([...done].sort()).toEqual([...table['pointsman']!.operations].sort());
  });
});

/** What each client tries, as it prints it; TypedFault is a fault that it could tell by its detail. */
const OPERATIONS = [
  ...['Subscribe', 'Renew', 'PauseSubscription', 'ResumeSubscription', 'Unsubscribe'],
  ...['Notify', 'GetCurrentMessage', 'CreatePullPoint', 'GetMessages', 'DestroyPullPoint'],
  ...['RegisterPublisher', 'DestroyRegistration'],
  ...['GetResourceProperty', 'GetMultipleResourceProperties', 'GetResourcePropertyDocument'],
  ...['QueryResourceProperties', 'SetResourceProperties', 'Destroy', 'SetTerminationTime', 'TypedFault'],
];

/** By what the commands say that they have done. */
const OPERATION_OF_EVENT: Readonly<Record<string, string>> = {
  subscribed: 'Subscribe',
  renewed: 'Renew',
  unsubscribed: 'Unsubscribe',
  published: 'Notify',
  'pull-point-created': 'CreatePullPoint',
  'pull-point-destroyed': 'DestroyPullPoint',
};

function noteOperations(lines: readonly Record<string, unknown>[], done: Set<string>): void {
  const events = lines.map(({ event }) => String(event));
  for (const event of events) if (OPERATION_OF_EVENT[event] !== undefined) done.add(OPERATION_OF_EVENT[event]);
  // What a pull point gives comes by no other way.
  if (events.includes('pull-point-created') && events.includes('notification')) done.add('GetMessages');
}

interface Column {
  /** How many versions of SOAP the client speaks here. */
  readonly versions: number;
  readonly operations: readonly string[];
}

/** The table of clients in docs/interop.md: the first that there is. */
function readTable(text: string): Readonly<Record<string, Column>> {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
  const [names = [], , versions = [], ...operations] = rows;
  return Object.fromEntries(
    names.slice(2, -1).map((name, index) => {
      const does = operations.filter((row) => row[index + 2] === 'yes').map((row) => row[1]!);
      return [name, { versions: versions[index + 2]!.split(',').length, operations: does }];
    }),
  );
}

/** Runs a client and compares the operations that it printed with its column: each once for each version of SOAP. */
async function expectAsInTable(name: string, program: string, args: readonly string[]): Promise<void> {
  const { stdout } = await run(program, args, { timeout: START_MS }).catch((error: unknown) => {
    throw new Error(`${program} failed: ${JSON.stringify(error)}`, { cause: error });
  });
  const { versions, operations } = table[name]!;
  const expected = operations.flatMap((operation) => Array<string>(versions).fill(`ok ${operation}`));
  expect(stdout.trim().split('\n').sort()).toEqual(expected.sort());
}

/** Generates and compiles a client, and gives the program. */
async function gsoapClient(kind: 'ours' | 'official', source: string): Promise<string> {
  const folder = join(directory, kind);
  await run('sh', ['test/interop/gsoap/build.sh', kind, source, folder], { timeout: BUILD_MS });
  return join(folder, 'client');
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
