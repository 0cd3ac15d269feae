import { readFileSync } from 'node:fs';
import { eventually } from '../../test/support/eventually.ts';
import { freePort, SeparateMembers } from '../../test/support/members.ts';
import { publishProbe } from '../lanes.ts';

const FAR_MS = 600_000;

/** One server with its engine, as `pointsman server` starts it, and nobody else: what a start costs is its own. */
export class LoneServer implements AsyncDisposable {
  readonly url: string;
  readonly #members: SeparateMembers;
  readonly #topology: string;

  private constructor(members: SeparateMembers, port: number, topology: string) {
    this.#members = members;
    this.url = `http://127.0.0.1:${port}`;
    this.#topology = topology;
  }

  /** `extra`: text appended to topologies/single.yaml. `environment`: beside that of this process. */
  static async start(extra = '', environment: Readonly<Record<string, string>> = {}): Promise<LoneServer> {
    const [door, port] = [await freePort(), await freePort()];
    const text = readFileSync('topologies/single.yaml', 'utf8');
    const topology = text.replaceAll('8080', String(door)).replaceAll('8081', String(port));
    const server = new LoneServer(new SeparateMembers(environment), port, `${topology}\n${extra}`);
    await server.up();
    return server;
  }

  get pid(): number {
    return this.#members.pidOf('server1');
  }

  /** Starts it (again); milliseconds from the start of its process until its engine takes requests. */
  async up(): Promise<number> {
    const startedAt = performance.now();
    await this.#members.start('server', 'server1', this.#topology, ['ME1']);
    return performance.now() - startedAt;
  }

  /** Until it has accepted a Notify that nobody waits for. */
  async accepts(): Promise<void> {
    const url = `${this.url}/wsn/NotificationBroker`;
    await eventually('a Notify is accepted', async () => (await publishProbe(url)) === 202, FAR_MS);
  }

  async kill(): Promise<void> {
    await this.#members.kill('server1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#members[Symbol.asyncDispose]();
  }
}
