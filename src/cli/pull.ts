import type { Command } from 'commander';
import type { Clock } from '../kernel/clock.ts';
import { systemClock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { BrokerClient } from './broker-client.ts';
import { addClientOptions, openBroker, topicOf, untilStopped } from './client-options.ts';
import type { ClientOptions } from './client-options.ts';
import { parseCount, parseMilliseconds, parseTermination } from './durations.ts';
import { ExchangeError } from './failure.ts';
import type { CliIo } from './io.ts';
import { emptyBody, getMessagesBody, readNotifications, readReference } from './messages.ts';
import type { Reference } from './messages.ts';
import { createPrinter } from './printing.ts';
import type { NotificationPrinter } from './printing.ts';
import { startProgress } from './progress.ts';
import { Subscription } from './subscription.ts';
import { Tally } from './tally.ts';
import { endOf } from './until.ts';

interface PullOptions extends ClientOptions {
  readonly for: string;
  readonly every: string;
  readonly max?: string;
  readonly count?: string;
}

const FAREWELL_MS = 5000;

/** `pointsman pull`: subscribes a pull point and fetches from it, for whoever cannot be called. */
export function addPullCommand(program: Command, io: CliIo): void {
  const command = program.command('pull').description('subscribe through a pull point and fetch what arrives');
  addClientOptions(command, 'the topic, such as news/sport, {urn:news}sport or tns:sport//* (default: everything)')
    .option('--for <time>', 'how long to subscribe: 1h (renewed at half time), 2030-01-01T00:00:00Z or forever', '1h')
    .option('--every <time>', 'how often to fetch', '1s')
    .option('--max <n>', 'how many notifications to fetch at once (default: all)')
    .option('--count <n>', 'end after this many notifications')
    .action(async (options: PullOptions) => {
      await untilStopped(io, () => pull(options, io));
    });
}

async function pull(options: PullOptions, io: CliIo): Promise<void> {
  const topic = topicOf(options);
  const termination = parseTermination(options.for);
  const everyMs = parseMilliseconds(options.every, '--every');
  const limit = options.count === undefined ? Infinity : parseCount(options.count, '--count');
  const max = options.max === undefined ? undefined : parseCount(options.max, '--max');
  const broker = await openBroker(options, io);
  const printer = createPrinter(io, options.json === true);
  const tally = new Tally(limit);
  const pullPoint = await createPullPoint(broker, printer);
  const progress = startProgress(io, (seconds) => `Fetching … ${tally.count} received, ${seconds} s`);
  const ending = AbortSignal.any([io.signal, tally.full]);
  const show = (notification: Parameters<NotificationPrinter['notification']>[0]): void => {
    if (!tally.take()) return;
    progress.clear();
    printer.notification(notification, new Date());
  };
  try {
    const run = async (): Promise<void> => {
      const subscription = await Subscription.open({
        broker,
        consumer: pullPoint,
        topic,
        termination,
        printer,
        clock: systemClock,
      });
      await endOf(
        fetchWhileAlive({ broker, pullPoint, subscription, everyMs, max, limit, show, tally, ending, abort: io.abort }),
        ending,
        () => subscription.close(),
      );
    };
    await endOf(run(), ending, () => destroyPullPoint(broker, pullPoint, printer));
  } finally {
    progress.stop();
  }
}

interface Fetching {
  readonly broker: BrokerClient;
  readonly pullPoint: Reference;
  readonly subscription: Subscription;
  readonly everyMs: number;
  readonly max: number | undefined;
  readonly limit: number;
  readonly show: (notification: Parameters<NotificationPrinter['notification']>[0]) => void;
  readonly tally: Tally;
  readonly ending: AbortSignal;
  /** Cuts off even a fetch that is under way. */
  readonly abort: AbortSignal;
}

/** Fetches and renews until one of both ends, or fails. */
async function fetchWhileAlive(fetching: Fetching): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([fetching.ending, over.signal]);
  const works = [fetching.subscription.keepAlive(signal), fetchForever(fetching, signal, systemClock)];
  try {
    await Promise.race(works);
  } finally {
    over.abort();
    await Promise.allSettled(works);
  }
}

async function fetchForever(fetching: Fetching, signal: AbortSignal, clock: Clock): Promise<void> {
  const { broker, pullPoint, everyMs, max, limit, show, tally, abort } = fetching;
  while (!signal.aborted) {
    // No more than is still wanted: what a pull point has handed out is gone from it.
    const wanted = Math.min(max ?? Infinity, limit - tally.count);
    const body = getMessagesBody(Number.isFinite(wanted) ? wanted : undefined);
    // Not cut off at the end: the broker may have handed out messages that would then be lost.
    const response = await broker.request('GetMessages', body, { to: pullPoint, signal: abort });
    const notifications = readNotifications(response);
    for (const notification of notifications) show(notification);
    const isMoreThere = max !== undefined && notifications.length === max;
    if (!isMoreThere) await clock.sleep(everyMs, signal);
  }
}

async function createPullPoint(broker: BrokerClient, printer: NotificationPrinter): Promise<Reference> {
  const response = await broker.request('CreatePullPoint', emptyBody('CreatePullPoint'));
  const pullPoint = readReference(response, 'PullPoint');
  printer.event('pull-point-created', `Created the pull point ${pullPoint.address}`, { pullPoint: pullPoint.address });
  return pullPoint;
}

async function destroyPullPoint(
  broker: BrokerClient,
  pullPoint: Reference,
  printer: NotificationPrinter,
): Promise<void> {
  const signal = AbortSignal.timeout(FAREWELL_MS);
  try {
    await broker.request('DestroyPullPoint', emptyBody('DestroyPullPoint'), { to: pullPoint, signal });
  } catch (error) {
    throw new ExchangeError(`Cannot destroy the pull point ${pullPoint.address}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  printer.event('pull-point-destroyed', 'Destroyed the pull point', { pullPoint: pullPoint.address });
}
