import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Operations } from '../../src/app/operate.ts';
import { loadTopology } from '../../src/topology/load.ts';
import { isAlive, TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, SeparateMembers } from '../support/members.ts';
import { publish, referenceIn, send, WSA, type Reference } from '../support/soap-client.ts';
import { Stream } from '../support/stream.ts';

const TEV = 'http://www.onvif.org/ver10/events/wsdl';

/** The workers that a proxy has started, by the process that it is. */
function workersOf(proxy: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isAlive(Number(name)))
    .filter((name) => parentOf(name) === proxy)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // Gone meanwhile.
    return undefined;
  }
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${String(pid)}/fd`).length;
}

/** Asks over a connection of its own; gives the body, or undefined without an answer in time. */
function ask(url: string, body?: string, timeoutMs = 20_000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
    const asking = request(url, { agent: false, method: body === undefined ? 'GET' : 'POST', headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve(text));
      answer.on('error', () => resolve(undefined));
    });
    asking.setTimeout(timeoutMs, () => asking.destroy());
    asking.on('error', () => resolve(undefined));
    asking.end(body);
  });
}

/** Whether somebody accepts while `pid` is frozen. */
async function isServedWithout(pid: number, url: string): Promise<boolean> {
  process.kill(pid, 'SIGSTOP');
  try {
    return (await ask(`${url}/healthz`, undefined, 500)) !== undefined;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function pullPoint(url: string): Promise<Reference> {
  const created = await send(`${url}/onvif/event_service`, `<t:CreatePullPointSubscription xmlns:t="${TEV}"/>`);
  return referenceIn(created.body!.child(TEV, 'SubscriptionReference')!);
}

function pull({ address, parameters }: Reference, seconds: number): Promise<string | undefined> {
  const body = `<t:PullMessages xmlns:t="${TEV}"><t:Timeout>PT${String(seconds)}S</t:Timeout><t:MessageLimit>1</t:MessageLimit></t:PullMessages>`;
  const envelope = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="${WSA}"><s:Header>${parameters}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
  return ask(address, envelope);
}

describe('a proxy with workers', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start('single', {
      replace: [['listen: 127.0.0.1:8080', 'listen: 127.0.0.1:8080, workers: 2']],
      extra: 'profiles: { onvif: true }',
    });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  /** The proxy's process and its only worker, when both accept. */
  async function both(): Promise<{ readonly proxy: number; readonly worker: number }> {
    const proxy = cluster.pidOf('proxy1');
    const look = async (): Promise<{ readonly proxy: number; readonly worker: number } | undefined> => {
      const [worker, ...others] = workersOf(proxy);
      if (worker === undefined || others.length > 0) return undefined;
      const areBoth = (await isServedWithout(proxy, cluster.url)) && (await isServedWithout(worker, cluster.url));
      return areBoth ? { proxy, worker } : undefined;
    };
    return eventually('two processes accept', look, 30_000);
  }

  it('has two processes that accept, and is one member', async () => {
    const { proxy, worker } = await both();
    expect(worker).not.toBe(proxy);
    // The servers count it once, and an operator restarts the proxy, not one of its workers.
    const operations = new Operations(loadTopology(cluster.file, cluster.environment), cluster.environment);
    expect(await operations.proxies()).toEqual([{ name: 'proxy1', pid: proxy }]);
    const args = ['dist/main.js', 'restart', '--rolling', '--member', 'proxy1', cluster.file, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: cluster.environment });
    expect(JSON.parse(stdout)).toMatchObject({ member: 'proxy1', pid: cluster.pidOf('proxy1') });
    await eventually('the old ones have ended', () => !isAlive(proxy) && !isAlive(worker));
    await both();
    expect(cluster.events.filter(({ event }) => event === 'restart')).toHaveLength(1);
  });

  it('starts a killed worker again, and clients see no more than a cut connection', async () => {
    const { proxy, worker } = await both();
    const stream = new Stream(() => cluster.url, '{urn:workers}t');
    await eventually('the stream flows', () => stream.acknowledged.length > 20);
    process.kill(worker, 'SIGKILL');
    await eventually('another worker has its place', () => workersOf(proxy).some((pid) => pid !== worker));
    await both();
    const seen = stream.acknowledged.length;
    await eventually('the stream flows on', () => stream.acknowledged.length > seen + 20);
    await stream.stop();
    expect(stream.errors.length).toBeLessThanOrEqual(1);
    expect(cluster.pidOf('proxy1')).toBe(proxy);
  });

  it('kill -9 of the proxy: its worker finishes what it has and ends, and a new one serves', async () => {
    const { proxy, worker } = await both();
    const polled = await pullPoint(cluster.url);
    const idle = openFiles(worker);
    process.kill(proxy, 'SIGSTOP');
    const polling = pull(polled, 30);
    await eventually('the worker has the poll', () => openFiles(worker) > idle);
    process.kill(proxy, 'SIGKILL');
    await eventually('there is a new proxy', () => cluster.pidOf('proxy1') !== proxy);
    await eventually('it serves', async () => (await publish(cluster.url, '{urn:p}t', 'later')).status === 202);
    expect(await polling).toContain('later');
    await eventually('the worker is gone', () => !isAlive(worker));
    await both();
  });

  it('has as many as the topology says, without a restart', async () => {
    const { proxy } = await both();
    cluster.rewrite((text) => text.replace('workers: 2', 'workers: 4'));
    await eventually('there are three beside the proxy', () => workersOf(proxy).length === 3);
    cluster.rewrite((text) => text.replace(', workers: 4', ''));
    await eventually('there is only the proxy', () => workersOf(proxy).length === 0);
    cluster.rewrite((text) => text.replace(/listen: (\S+):8080/, 'listen: $1:8080, workers: 2'));
    await both();
    expect(cluster.pidOf('proxy1')).toBe(proxy);
  });

  it('SIGTERM: all finish what they have, and it ends with code 0', async () => {
    const { proxy, worker } = await both();
    const polled = await pullPoint(cluster.url);
    const idle = openFiles(worker);
    process.kill(proxy, 'SIGSTOP');
    const polling = pull(polled, 2);
    await eventually('the worker has the poll', () => openFiles(worker) > idle);
    process.kill(proxy, 'SIGCONT');
    expect(await cluster.drain()).toBe(0);
    expect([proxy, worker].filter(isAlive)).toEqual([]);
    expect(await polling).toContain('PullMessagesResponse');
  });
});

it('a proxy under a service manager has workers too, and they end with it', async () => {
  await using members = new SeparateMembers();
  const [http, server, wire] = await Promise.all([freePort(), freePort(), freePort()]);
  const topology = `
name: alone
topology: single
proxies: [{ name: proxy1, listen: 127.0.0.1:${String(http)}, workers: 2 }]
servers: [{ name: server1, listen: 127.0.0.1:${String(server)}, wire: 127.0.0.1:${String(wire)} }]
engines: [{ name: ME1, candidates: [server1] }]
`;
  const url = `http://127.0.0.1:${String(http)}`;
  await members.start('server', 'server1', topology, ['ME1']);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await members.start('proxy', 'proxy1', topology);
    const proxy = members.pidOf('proxy1');
    const worker = await eventually('there is a worker', () => workersOf(proxy)[0]);
    await eventually('it accepts', () => isServedWithout(proxy, url));
    await members.kill('proxy1', signal);
    await eventually('both are gone', () => !isAlive(proxy) && !isAlive(worker));
  }
  expect(members.stderr).not.toMatch(/EPIPE|"level":"(error|fatal)"/);
});
