import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort, SeparateMembers } from '../support/members.ts';
import { notifyBody, referenceIn, send, subscribe, WSNT } from '../support/soap-client.ts';
import { TcpRelay } from '../support/tcp-relay.ts';

const TOPIC = '{urn:link-faults}t';
const TOTAL = 300;

interface Ports {
  readonly http: number;
  readonly wire: number;
}

/** Two servers with an engine each; what ME1 sends to ME2 goes through a relay, which only server1 knows of. */
class Link implements AsyncDisposable {
  readonly members = new SeparateMembers();
  readonly #servers: readonly [Ports, Ports];
  readonly relay: TcpRelay;
  #pullPoint = '';

  private constructor(servers: readonly [Ports, Ports], relay: TcpRelay) {
    this.#servers = servers;
    this.relay = relay;
  }

  static async start(): Promise<Link> {
    const ports = async (): Promise<Ports> => ({ http: await freePort(), wire: await freePort() });
    const servers = [await ports(), await ports()] as const;
    const link = new Link(servers, await TcpRelay.to({ host: '127.0.0.1', port: servers[1].wire }));
    try {
      await Promise.all([link.startServer(1), link.startServer(2)]);
      await link.#subscribe();
      return link;
    } catch (error) {
      // Nobody else knows of its processes yet.
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  async startServer(number: 1 | 2): Promise<void> {
    const [first, second] = this.#servers;
    const wireOfSecond = number === 1 ? this.relay.address().port : second.wire;
    const topology = `
name: link-faults
topology: load-balanced
publicUrl: http://127.0.0.1:9
proxies: [{ name: proxy1, listen: 127.0.0.1:9 }]
servers:
  - { name: server1, listen: 127.0.0.1:${String(first.http)}, wire: 127.0.0.1:${String(first.wire)} }
  - { name: server2, listen: 127.0.0.1:${String(second.http)}, wire: 127.0.0.1:${String(wireOfSecond)} }
engines:
  - { name: ME1, candidates: [server1] }
  - { name: ME2, candidates: [server2] }
`;
    await this.members.start('server', `server${String(number)}`, topology, [`ME${String(number)}`]);
  }

  /** A pull point at ME2 that wants what is published at ME1; resolves when ME1 knows. */
  async #subscribe(): Promise<void> {
    const created = await send(`${this.#urlOf(2)}/wsn/CreatePullPoint`, '<wsnt:CreatePullPoint/>');
    const reference = referenceIn(created.body!.child(WSNT, 'PullPoint')!);
    this.#pullPoint = `${this.#urlOf(2)}${new URL(reference.address).pathname}`;
    expect(reference.address).toContain('/ME2/');
    await subscribe(this.#urlOf(2), reference.address, { topic: TOPIC });
    await eventually('the interest is known at ME1', async () => {
      await this.publish('probe');
      return (await this.#pullAll()).length > 0;
    });
  }

  /** Publishes at ME1. */
  async publish(payload: string): Promise<void> {
    const answer = await send(`${this.#urlOf(1)}/wsn/NotificationBroker`, notifyBody(TOPIC, payload));
    expect(answer.status, answer.text).toBe(202);
  }

  async publishAll(during: (number: number) => void | Promise<void> = () => undefined): Promise<void> {
    for (let number = 1; number <= TOTAL; number += 1) {
      await during(number);
      await this.publish(String(number));
    }
  }

  /** What the pull point at ME2 has now, but for the probes. */
  async pull(): Promise<string[]> {
    return (await this.#pullAll()).filter((payload) => payload !== 'probe');
  }

  async #pullAll(): Promise<string[]> {
    const answer = await send(this.#pullPoint, '<wsnt:GetMessages/>');
    expect(answer.body?.is(WSNT, 'GetMessagesResponse'), answer.text).toBe(true);
    return answer.body!.children().map((message) => message.child(WSNT, 'Message')!.children()[0]!.text());
  }

  /** Everything published has come over the link: each once, in order. */
  async expectExactlyOnce(): Promise<void> {
    const arrived: string[] = [];
    await eventually(
      'the last one has arrived',
      async () => {
        arrived.push(...(await this.pull()));
        return arrived.includes(String(TOTAL));
      },
      60_000,
    );
    arrived.push(...(await this.pull()));
    expect(arrived).toEqual(Array.from({ length: TOTAL }, (_, index) => String(index + 1)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.members[Symbol.asyncDispose]();
    await this.relay[Symbol.asyncDispose]();
  }

  #urlOf(server: 1 | 2): string {
    return `http://127.0.0.1:${String(this.#servers[server - 1]!.http)}`;
  }
}

describe('a link under faults carries each notification exactly once, in order', () => {
  let link: Link;
  beforeEach(async () => {
    link = await Link.start();
  });
  afterEach(async () => {
    await link[Symbol.asyncDispose]();
  });

  it('F36: the connection is cut again and again, also between a batch and its acknowledgement', async () => {
    await link.publishAll((number) => {
      // What the peer says is swallowed for a while: it has the batch, and ME1 does not know.
      if (number % 20 === 10) link.relay.blackHole = 'towards-client';
      if (number % 20 === 15) {
        link.relay.cut();
        link.relay.blackHole = 'none';
      }
    });
    await link.expectExactlyOnce();
    expect(link.relay.accepted).toBeGreaterThan(5);
  });

  it('the peer is down for long and comes back with a new epoch', async () => {
    await link.members.kill('server2');
    await link.publishAll();
    await link.startServer(2);
    await link.expectExactlyOnce();
  });

  it('F40: both ends are killed while it flows, the peer right after it got a batch', async () => {
    await link.publishAll(async (number) => {
      if (number === 60 || number === 180) {
        link.relay.blackHole = 'towards-client';
        await link.publish('probe');
        await link.members.kill('server2');
        link.relay.blackHole = 'none';
        await link.startServer(2);
      }
      if (number === 120) {
        await link.members.kill('server1');
        await link.startServer(1);
      }
    });
    await link.expectExactlyOnce();
  });
});
