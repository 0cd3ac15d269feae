import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { UpEvent } from '../../../src/app/supervisor.ts';
import { openKept } from '../../../src/storage/sqlite/kept-database.ts';
import { isAlive, TestCluster } from '../../support/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { isOpen } from '../../support/is-open.ts';
import { TcpRelay } from '../../support/tcp-relay.ts';
import { missingIn, unpromised } from '../checkers/deliveries.ts';
import { readRun } from '../checkers/run.ts';
import type { FaultNote, History } from '../history.ts';
import type { SeededRandom } from '../random.ts';
import * as clients from './clients.ts';
import { noteDeadLetters } from './dead-letters.ts';
import { FaultConsumer } from './fault-consumer.ts';
import { fakeTimeLibrary, Place } from './place.ts';

export const BUSY = '{urn:faults}busy';
export const QUIET = '{urn:faults}quiet';
const PAGE_BYTES = 4096;
const STALL_MS = 100;

/** Milliseconds; the lease that a world has unless told. It holds on a machine that has much else to do. */
export const USUAL_TTL_MS = 3_000;
/** For the topology file: a lease that a busy machine may lose, which is what some runs are about. */
export const SHORT_LEASE = 'lease: { ttl: 1200ms, renewEvery: 200ms, guard: 400ms }';

export interface WorldOptions {
  readonly kind: 'single' | 'load-balanced' | 'high-availability' | 'combined';
  readonly history: History;
  readonly random: SeededRandom;
  /** More of the topology file. */
  readonly extra?: string;
  /** The store is on a disk of this size, where that can be mounted. */
  readonly diskMib?: number;
  /** The members' wall clock can be shifted. */
  readonly hasShiftingClock?: boolean;
  /** Who comes and goes. */
  readonly visitors?: number;
  /** Between two notifications of a busy publisher. */
  readonly paceMs?: number;
  readonly failbackDelay?: string;
}

/** A cluster of real processes with publishers, consumers, pull points and visitors, all of whose doings are noted. */
export class World implements AsyncDisposable {
  readonly history: History;
  readonly cluster: TestCluster;
  readonly place: Place;
  readonly frontDoors: readonly string[];
  readonly engines: readonly string[];
  /** Where the first server answers by itself. */
  readonly #direct: string;
  readonly #serverUrls: ReadonlyMap<string, string>;
  readonly consumers: FaultConsumer[] = [];
  /** Before the last of the consumers. */
  relay: TcpRelay | undefined;
  /** Subscriptions that stay, for renewals. */
  readonly held: clients.Held[] = [];
  readonly hasShiftingClock: boolean;
  readonly #options: WorldOptions;
  readonly #publishers: clients.Client[] = [];
  readonly #pullers: clients.Client[] = [];
  #stalls: NodeJS.Timeout | undefined;
  #faults = 0;

  private constructor(options: WorldOptions, place: Place, cluster: TestCluster, hasShiftingClock: boolean) {
    this.#options = options;
    this.history = options.history;
    this.place = place;
    this.cluster = cluster;
    this.hasShiftingClock = hasShiftingClock;
    // Kept: while everything is down the cluster itself cannot tell them.
    this.frontDoors = cluster.proxyUrls;
    this.engines = cluster.engines;
    this.#direct = cluster.serverUrl('server1');
    const servers = cluster.members.filter((name) => name.startsWith('server'));
    this.#serverUrls = new Map(servers.map((name) => [name, cluster.serverUrl(name)]));
  }

  /** Resolves when every engine owes every subscription everything, so that from here on nothing may be missing. */
  static async start(options: WorldOptions): Promise<World> {
    const { kind, history, extra = '', diskMib, hasShiftingClock = false, failbackDelay = '2s' } = options;
    const place = Place.make(diskMib);
    const library = hasShiftingClock ? fakeTimeLibrary() : undefined;
    place.shiftClock(0);
    const fake = {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: place.clockFile,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    const proxy = '  - { name: proxy1, listen: 127.0.0.1:8080 }';
    try {
      const cluster = await TestCluster.start(kind, {
        directory: place.directory,
        replace: [
          [proxy, `${proxy}\n  - { name: proxy2, listen: 127.0.0.1:8084 }`],
          ['failback: automatic', `failback: automatic, failbackDelay: ${failbackDelay}`],
        ],
        extra: `delivery: { firstRetry: 100ms, maxRetry: 1s, totalTimeout: 3s }\n${extra}`,
        ...(library === undefined ? {} : { environment: fake }),
        onEvent: (event) => noteEvent(history, event),
      });
      const world = new World(options, place, cluster, library !== undefined);
      try {
        await world.#populate();
        return world;
      } catch (error) {
        await world[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      place[Symbol.dispose]();
      throw error;
    }
  }

  /** Notes that a fault begins and, when `body` is done, that it ends. */
  async fault(
    what: Pick<FaultNote, 'fault' | 'description' | 'engines' | 'hitsDoor'>,
    body: () => Promise<void>,
  ): Promise<void> {
    this.#faults += 1;
    const note = { type: 'fault', id: this.#faults, ...what } as const;
    this.history.note({ ...note, phase: 'begin' });
    try {
      await body();
    } finally {
      this.history.note({ ...note, phase: 'end' });
    }
  }

  /** The engines that a server runs, as far as is known. */
  enginesOf(server: string): readonly string[] {
    return this.engines.filter((engine) => this.cluster.hostOf(engine).server === server);
  }

  /** Sends a signal to a member's present process; undefined: it has none just now. */
  signal(member: string, signal: NodeJS.Signals): number | undefined {
    const pid = this.cluster.pidOf(member);
    return sendSignal(pid, signal) ? pid : undefined;
  }

  /** Resolves when the member serves, in another process than `pid`. */
  async isBack(member: string, pid: number | undefined): Promise<void> {
    // A proxy's socket is kept while there is no proxy.
    const url = this.#serverUrls.get(member);
    const isThere = (): boolean => this.cluster.pidOf(member) !== pid && isAlive(this.cluster.pidOf(member));
    const isServing = async (): Promise<boolean> => isThere() && (url === undefined || (await isOpen(url)));
    await eventually(`${member} is back`, isServing, 60_000);
  }

  /** Resolves when so many operations more have succeeded. */
  async clientsGetOn(count: number): Promise<void> {
    const { entries } = this.history;
    const first = entries.length;
    const isMore = (): boolean => {
      return entries.slice(first).filter((entry) => entry.type === 'outcome' && entry.outcome === 'ok').length > count;
    };
    await eventually('clients get on', isMore, 60_000);
  }

  /** Resolves when every front door takes connections. */
  async doorsAreOpen(): Promise<void> {
    for (const url of this.frontDoors) await eventually(`${url} is open`, () => isOpen(url), 60_000);
  }

  /** Everything is killed, and everything is started again. */
  async killAll(): Promise<void> {
    const { supervisorPid } = this.cluster;
    const orphans = supervisorPid === undefined ? [] : childrenOf(supervisorPid);
    await this.cluster.killAll();
    for (const pid of orphans) sendSignal(pid, 'SIGKILL');
    await eventually('all processes are gone', () => orphans.every((pid) => !isAlive(pid)));
  }

  /** Lets the cluster come to rest, stops everybody who publishes, and waits until all that is owed has arrived. */
  async settle(deadlineMs = 60_000): Promise<void> {
    await this.doorsAreOpen();
    await eventually(
      'all members run',
      () => this.cluster.members.every((name) => isAlive(this.cluster.pidOf(name))),
      60_000,
    );
    await eventually('every subscription can be renewed', () => this.#renewAll(), 60_000);
    await Promise.all(this.#publishers.map((client) => client.stop()));
    const end = performance.now() + deadlineMs;
    // What does not arrive is found by the checkers.
    while (missingIn(readRun(this.history.entries)).length > 0 && performance.now() < end) {
      await delay(250);
    }
    await Promise.all(this.#pullers.map((client) => client.stop()));
    await noteDeadLetters(this.cluster, this.history);
    this.sample('after');
  }

  /** Notes what the members and their stores cost. */
  sample(phase: 'before' | 'after'): void {
    for (const member of this.cluster.members) {
      const pid = this.cluster.pidOf(member);
      if (!isAlive(pid)) continue;
      const pages = Number(readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ')[1]);
      const fds = readdirSync(`/proc/${String(pid)}/fd`).length;
      this.history.note({ type: 'sample', phase, member, rssBytes: pages * PAGE_BYTES, fds });
    }
    for (const engine of this.engines) {
      const wal = statSync(join(this.storeOf(engine), 'engine.db-wal'), { throwIfNoEntry: false });
      this.history.note({ type: 'store', engine, walBytes: wal?.size ?? 0 });
    }
  }

  /** The folder of an engine's store. */
  storeOf(engine: string): string {
    return join(this.place.directory, 'data', engine);
  }

  /** Stops the cluster in order and looks what is left in the stores. */
  async close(): Promise<number | null> {
    const code = await this.cluster.drain();
    for (const engine of this.engines) {
      const database = openKept(join(this.storeOf(engine), 'engine.db'), { readonly: true });
      const logRows = Number(database.prepare('SELECT count(*) FROM log').pluck().get());
      database.close();
      this.history.note({ type: 'store', engine, walBytes: 0, logRows });
    }
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#stalls);
    this.place.empty();
    // Whoever is still under way now meets closed doors.
    const end = { type: 'fault', fault: 'end-of-world', description: 'everything is stopped', hitsDoor: true } as const;
    this.history.note({ ...end, phase: 'begin', id: 0 });
    const ending = [...this.#publishers, ...this.#pullers].map((client) => client.stop());
    await this.cluster[Symbol.asyncDispose]().catch(() => undefined);
    await Promise.allSettled(ending);
    await this.relay?.[Symbol.asyncDispose]();
    await Promise.allSettled(this.consumers.map((consumer) => consumer[Symbol.asyncDispose]()));
    this.place[Symbol.dispose]();
  }

  async #renewAll(): Promise<boolean> {
    for (const held of this.held) if (!(await clients.renew(this.history, 'settling', held))) return false;
    return true;
  }

  async #populate(): Promise<void> {
    const { history } = this;
    this.#watchForStalls();
    for (const name of ['c1', 'c2', 'c3']) this.consumers.push(await FaultConsumer.start(name, history));
    const relayed = this.consumers[2]!;
    this.relay = await TcpRelay.to({ host: '127.0.0.1', port: relayed.port });
    relayed.relay = this.relay.address();
    for (const engine of this.engines) await this.#subscribeAt(engine);
    this.#startPublishers();
    this.#pullers.push(clients.startRenewer(history, 'renewer', this.held, this.frontDoors, 20), ...this.#visitors());
    const stay = new Set(this.history.entries.flatMap((entry) => stayingIn(entry)));
    await eventually(
      'every engine owes every subscription its notifications',
      () => {
        const waiting = unpromised(readRun(history.entries)).filter(({ recipient }) => stay.has(recipient));
        if (waiting.length > 0)
          throw new Error(waiting.map(({ recipient, engine }) => `${recipient}: ${engine}`).join());
        return true;
      },
      60_000,
    );
    this.sample('before');
  }

  async #subscribeAt(engine: string): Promise<void> {
    const { history } = this;
    const frontDoor = this.frontDoors[0]!;
    for (const [index, consumer] of this.consumers.entries()) {
      const recipient = `${consumer.name}-${engine}`;
      const topic = index === 1 ? QUIET : BUSY;
      const to = { consumer: consumer.urlOf(recipient), route: consumer.route };
      const reference = await clients.subscribeOnce({
        ...{ history, by: 'world', recipient, topic, frontDoor, engine },
        ...to,
      });
      if (reference === undefined) throw new Error(`Cannot subscribe ${recipient}`);
      this.held.push({ recipient, reference });
    }
    const recipient = `pull-${engine}`;
    const pullPoint = await clients.createPullPoint({
      history,
      by: 'world',
      recipient,
      topic: QUIET,
      frontDoor,
      engine,
    });
    if (pullPoint === undefined) throw new Error(`Cannot create ${recipient}`);
    this.#pullers.push(clients.startPuller(history, recipient, pullPoint, 200));
  }

  #startPublishers(): void {
    const { history } = this;
    const { paceMs = 25 } = this.#options;
    const door = (index: number) => (): string => this.frontDoors[index % this.frontDoors.length]!;
    for (const [index, engine] of this.engines.entries()) {
      this.#publishers.push(
        clients.startPublisher({
          ...{ history, name: `busy-${engine}`, topic: BUSY, url: door(index), engine, pauseMs: paceMs },
          isRepeated: true,
        }),
        clients.startPublisher({
          ...{ history, name: `plain-${engine}`, topic: BUSY, url: door(index + 1), engine, pauseMs: paceMs * 2 },
        }),
        clients.startPublisher({
          ...{ history, name: `quiet-${engine}`, topic: QUIET, url: door(index), engine, pauseMs: paceMs * 6 },
          isRepeated: true,
        }),
      );
    }
    this.#publishers.push(
      clients.startPublisher({ history, name: 'spread', topic: BUSY, url: door(0), pauseMs: paceMs * 3 }),
      clients.startPublisher({
        ...{ history, name: 'direct', topic: BUSY, url: () => this.#direct, isDirect: true },
        ...{ engine: this.engines[0]!, pauseMs: paceMs * 4 },
      }),
    );
  }

  #visitors(): clients.Client[] {
    const { visitors = 2, random, history } = this.#options;
    return Array.from({ length: visitors }, (_, index) =>
      clients.startVisitor({
        ...{ history, name: `visitor${String(index)}`, topics: [BUSY, QUIET], random: random.fork() },
        frontDoor: this.frontDoors[index % this.frontDoors.length]!,
        consumer: this.consumers[index % 2]!,
      }),
    );
  }

  /** Says when this process itself did not get to run. */
  #watchForStalls(): void {
    const everyMs = 20;
    let last = performance.now();
    this.#stalls = setInterval(() => {
      const now = performance.now();
      const ms = now - last - everyMs;
      last = now;
      if (ms > STALL_MS) this.history.note({ type: 'stall', ms: Math.round(ms) });
    }, everyMs);
  }
}

function stayingIn(entry: History['entries'][number]): string[] {
  if (entry.type !== 'invoke' || entry.kind !== 'subscribe' || entry.by !== 'world') return [];
  return entry.recipient === undefined ? [] : [entry.recipient];
}

function noteEvent(history: History, event: UpEvent): void {
  switch (event.event) {
    case 'ready':
      for (const { name, server, epoch } of event.engines)
        history.note({ type: 'engine', engine: name, server, epoch });
      break;
    case 'engine':
      history.note({ type: 'engine', engine: event.name, server: event.server, epoch: event.epoch });
      break;
    case 'exit':
      history.note({ type: 'exit', member: event.name, code: event.code, signal: event.signal });
      break;
    case 'restart':
      history.note({ type: 'restart', member: event.name, pid: event.pid });
      break;
    case 'start':
    case 'reload':
      break;
  }
}

/** False: there is no such process. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))?.[1]) === parent;
      } catch {
        return false;
      }
    });
}
