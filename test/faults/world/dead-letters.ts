import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestCluster } from '../../support/cluster.ts';
import type { History } from '../history.ts';

interface Listed {
  readonly engine: string;
  readonly consumer: string;
  readonly seq: number;
  readonly reason: string;
}

/** Notes what the engines of a cluster have given up as dead letters, as an operator sees them. */
export async function noteDeadLetters(cluster: TestCluster, history: History): Promise<void> {
  const args = ['dist/main.js', 'dead-letters', 'list', '--json', '--topology', cluster.file];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: cluster.environment });
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const { engine, consumer, seq, reason } = JSON.parse(line) as Listed;
    const recipient = new URL(consumer).pathname.slice(1);
    history.note({ type: 'given-up', recipient, engine, first: seq, last: seq, reason });
  }
}
