import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isAlive, TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, subscribe } from '../support/soap-client.ts';
import { firstArrivals, Stream } from '../support/stream.ts';

const TOPIC = '{urn:reload}t';

/** Waits for the outcome of the `count`-th file that the supervisor read. */
async function reloaded(cluster: TestCluster, count: number) {
  await eventually(`reload ${String(count)}`, () => cluster.reloads.length >= count);
  return cluster.reloads[count - 1]!;
}

async function cli(cluster: TestCluster, ...words: string[]): Promise<string> {
  const child = spawn(process.execPath, ['dist/main.js', ...words], { env: cluster.environment });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return text;
}

describe('topology reload under load', () => {
  it('F34: adds a standby, fails over to it, changes a limit and removes servers without an error', async () => {
    await using cluster = await TestCluster.start('single', {
      replace: [
        ['name: single', 'name: single\nversion: 1'],
        ['candidates: [server1]', 'candidates: [server1], failback: manual'],
      ],
    });
    await using consumer = await TestConsumer.start();
    await subscribe(cluster.url, consumer.url, { topic: TOPIC });
    const stream = new Stream(() => cluster.url, TOPIC);
    await eventually('the stream flows', () => stream.acknowledged.length > 20);

    // A second candidate comes.
    cluster.rewrite((text) =>
      text
        .replace('version: 1', 'version: 2')
        .replace('topology: single', 'topology: high-availability')
        .replace(/^( *- \{ name: server1.*)$/m, '$1\n  - { name: server2, listen: 127.0.0.1:8092 }')
        .replace('candidates: [server1]', 'candidates: [server1, server2]'),
    );
    expect(await reloaded(cluster, 1)).toMatchObject({
      version: 2,
      changed: expect.arrayContaining(['servers', 'engines[].candidates']) as unknown,
    });
    await eventually('all have the new version, and server2 stands by', async () => {
      const status = await cli(cluster, 'status', cluster.file);
      return /server1.*topology 2/.test(status) && /server2.*standby.*topology 2/.test(status);
    });
    cluster.kill('server1');
    await eventually('the engine runs in server2', () => cluster.hostOf('ME1').server === 'server2');
    await eventually('the killed server is back', () => isAlive(cluster.pidOf('server1')));
    const seen = stream.acknowledged.length;
    await eventually('the stream flows on', () => stream.acknowledged.length > seen + 20);

    // A limit acts at once.
    const large = 'x'.repeat(20_000);
    expect((await publish(cluster.url, TOPIC, large)).status).toBe(202);
    cluster.rewrite((text) => `${text.replace('version: 2', 'version: 3')}\nlimits: { maxBody: 8KiB }\n`);
    expect(await reloaded(cluster, 2)).toMatchObject({ version: 3, changed: ['version', 'limits.maxBody'] });
    await eventually('large bodies are refused', async () => {
      const { status } = await fetch(`${cluster.url}/wsn/NotificationBroker`, { method: 'POST', body: large });
      return status === 413;
    });

    // The server that hosts the engine goes: it gives it to the other one first.
    const gone = cluster.pidOf('server2');
    cluster.rewrite((text) =>
      text
        .replace('version: 3', 'version: 4')
        .replace('topology: high-availability', 'topology: single')
        .replace(/^ *- \{ name: server2.*\n/m, '')
        .replace('candidates: [server1, server2]', 'candidates: [server1]'),
    );
    expect(await reloaded(cluster, 3)).toMatchObject({ version: 4 });
    await eventually('the engine is back in server1', () => cluster.hostOf('ME1').server === 'server1');
    await eventually('server2 has ended by itself', () => !isAlive(gone));
    const exitOf = (name: string) => cluster.events.findLast((event) => event.event === 'exit' && event.name === name);
    await eventually('its exit is told', () => exitOf('server2') !== undefined);
    expect(exitOf('server2')).toEqual({ event: 'exit', name: 'server2', code: 0, signal: null });
    const later = stream.acknowledged.length;
    await eventually('the stream flows on', () => stream.acknowledged.length > later + 20);
    await stream.stop();
    expect(stream.errors).toEqual([]);
    await eventually('all have arrived', () => stream.acknowledged.every((p) => consumer.payloads.includes(p)), 20_000);
    const arrivals = firstArrivals(consumer.payloads.filter((payload) => payload !== large));
    expect(arrivals).toEqual(stream.acknowledged);
    console.info(`reload: ${String(stream.acknowledged.length)} acknowledged, 0 errors, 0 lost`);
  });

  it('F34: a bad file, a lower version and what cannot change are refused by name, and the old topology holds', async () => {
    await using cluster = await TestCluster.start('high-availability', {
      replace: [['name: high-availability', 'name: high-availability\nversion: 7']],
    });
    let valid = '';
    cluster.rewrite((text) => {
      valid = text;
      return text.replace('candidates: [server1,', 'candidates: [sevrer1,').replace('topology: high', 'topolgy: high');
    });
    const bad = await reloaded(cluster, 1);
    if (!('refused' in bad)) throw new Error('A bad file was taken');
    expect(bad.version).toBe(7);
    expect(bad.refused.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['topolgy', 'engines[0].candidates[0]']),
    );
    expect(bad.refused.every(({ line, column, file }) => line > 1 && column >= 1 && file === cluster.file)).toBe(true);

    // A member that dies now starts with what holds, not with what the file says.
    const pid = cluster.pidOf('server2');
    cluster.kill('server2');
    await eventually('server2 runs again', () => cluster.pidOf('server2') !== pid && isAlive(cluster.pidOf('server2')));

    cluster.rewrite(() => valid.replace('version: 7', 'version: 6'));
    expect(await reloaded(cluster, 2)).toMatchObject({ version: 7, refused: [{ path: 'version' }] });

    cluster.rewrite(
      () =>
        `${valid.replace('version: 7', 'version: 8')}\nlease: { ttl: 5s }\nsources: [{ name: s, address: "http://10.0.0.1/" }]\n`,
    );
    const never = await reloaded(cluster, 3);
    if (!('refused' in never)) throw new Error('A change of the lease was taken');
    expect(never.refused.map(({ path, hint }) => [path, hint])).toEqual([
      ['lease.ttl', expect.stringContaining('stop everything')],
      ['sources', expect.stringContaining('restart --rolling')],
    ]);

    cluster.rewrite(() => valid);
    await eventually('the old text is no change', () => cluster.reloads.length >= 4);
    cluster.hangUp();
    expect(await reloaded(cluster, 5)).toEqual({ event: 'reload', version: 7, changed: [], what: [] });
    expect((await publish(cluster.url, TOPIC, 'still there')).status).toBe(202);
    await eventually('all serve version 7', async () => {
      const status = await cli(cluster, 'status', cluster.file);
      return status.match(/topology 7/g)?.length === 3;
    });
  });

  it('F34: an engine that comes is linked with those that run', async () => {
    await using cluster = await TestCluster.start('load-balanced');
    await using consumer = await TestConsumer.start();
    const { url } = consumer;
    await subscribe(cluster.url, url, { topic: TOPIC });
    cluster.rewrite((text) =>
      text
        .replace(/^( *- \{ name: server3.*)$/m, '$1\n  - { name: server4, listen: 127.0.0.1:8084 }')
        .replace(/^( *- \{ name: ME3.*)$/m, '$1\n  - { name: ME4, candidates: [server4] }'),
    );
    expect(await reloaded(cluster, 1)).toMatchObject({ changed: ['servers', 'engines'] });
    await eventually('ME4 runs', () =>
      cluster.events.some((event) => event.event === 'engine' && event.name === 'ME4'),
    );
    await eventually('what ME4 takes reaches the subscriber elsewhere', async () => {
      await publish(cluster.url, TOPIC, 'from-ME4', { engine: 'ME4' });
      return consumer.payloads.includes('from-ME4');
    });
    await using other = await TestConsumer.start();
    await subscribe(cluster.url, other.url, { topic: '{urn:reload}back', engine: 'ME4' });
    await publish(cluster.url, '{urn:reload}back', 'to-ME4', { engine: 'ME1' });
    await eventually('what ME1 takes reaches the subscriber of ME4', () => other.payloads.includes('to-ME4'));
  });
});
