import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { MisbehavingConsumer } from '../support/delivery/misbehaving-consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, subscribe } from '../support/soap-client.ts';

const run = promisify(execFile);

interface Line {
  readonly id: string;
  readonly engine: string;
  readonly topic?: string;
  readonly reason?: string;
  readonly attempts?: number;
  readonly message?: string;
  readonly outcome?: string;
}

/** Runs `pointsman dead-letters` on a cluster; the result is what it printed, line by line. */
async function deadLetters(cluster: TestCluster, ...args: readonly string[]): Promise<readonly Line[]> {
  const all = ['dist/main.js', 'dead-letters', ...args, '--topology', cluster.file, '--json'];
  const { stdout } = await run(process.execPath, all, { env: cluster.environment });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

describe('pointsman dead-letters', () => {
  it('F29: shows the poisoned message, and sends it again when its consumer has been mended', async () => {
    await using cluster = await TestCluster.start('high-availability', { extra: 'delivery:\n  firstRetry: 50ms\n' });
    await using consumer = await MisbehavingConsumer.start({ kind: 'poison', payload: 'k' });
    await subscribe(cluster.url, consumer.url, { topic: '{urn:poison}t' });
    for (const payload of ['a', 'k', 'b', 'c']) await publish(cluster.url, '{urn:poison}t', payload);
    await eventually('the others have arrived', () => consumer.payloads.includes('c'), 60_000);
    expect([...new Set(consumer.payloads)]).toEqual(['a', 'b', 'c']);

    const [letter, ...more] = await deadLetters(cluster, 'list');
    expect(more).toEqual([]);
    expect(letter).toMatchObject({ topic: '{urn:poison}t', reason: 'SOAP fault of the sender (HTTP status 400)' });
    const [shown] = await deadLetters(cluster, 'show', letter!.id);
    expect(shown!.message).toContain('k');

    consumer.behaviour = { kind: 'none' };
    const [sent] = await deadLetters(cluster, 'redeliver', letter!.id);
    expect(sent).toEqual({ id: letter!.id, outcome: 'sent again' });
    await eventually('it has arrived', () => consumer.payloads.includes('k'));
    const arrived = consumer.received.find(({ payload }) => payload === 'k');
    expect(arrived).toMatchObject({ id: `urn:uuid:${letter!.id}`, attempt: letter!.attempts! + 1, isRedelivery: true });
    expect(await deadLetters(cluster, 'list')).toEqual([]);
    await expect(deadLetters(cluster, 'drop', letter!.id)).rejects.toThrow(/left as they are/);
  });
});
