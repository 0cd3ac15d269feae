import type { Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { codeOf, messageOf } from '../kernel/errors.ts';
import { addClientOptions, openBroker, topicOf, untilStopped } from './client-options.ts';
import type { ClientOptions } from './client-options.ts';
import { NotificationConsumer } from './consumer.ts';
import { parseCount, parseTermination } from './durations.ts';
import { ExchangeError, UsageError } from './failure.ts';
import type { CliIo } from './io.ts';
import { createPrinter } from './printing.ts';
import { startProgress } from './progress.ts';
import { Subscription } from './subscription.ts';
import { Tally } from './tally.ts';
import { endOf } from './until.ts';

interface SubscribeOptions extends ClientOptions {
  readonly for: string;
  readonly listen: string;
  readonly address?: string;
  readonly count?: string;
}

const GRACE_MS = 2000;

/** `pointsman subscribe`: subscribes at any WS-Notification broker and prints what arrives. */
export function addSubscribeCommand(program: Command, io: CliIo): void {
  const command = program.command('subscribe').description('subscribe at a broker and print what arrives');
  addClientOptions(command, 'the topic, such as news/sport, {urn:news}sport or tns:sport//* (default: everything)')
    .option('--for <time>', 'how long to subscribe: 1h (renewed at half time), 2030-01-01T00:00:00Z or forever', '1h')
    .option('--listen <host:port>', 'where to listen for notifications; port 0 takes any', '127.0.0.1:0')
    .option('--address <url>', 'what the broker should call (default: where this command listens)')
    .option('--count <n>', 'end after this many notifications')
    .action(async (options: SubscribeOptions) => {
      await untilStopped(io, () => subscribe(options, io));
    });
}

async function subscribe(options: SubscribeOptions, io: CliIo): Promise<void> {
  const topic = topicOf(options);
  const termination = parseTermination(options.for);
  const listen = parseListen(options.listen, options.address);
  const tally = new Tally(options.count === undefined ? Infinity : parseCount(options.count, '--count'));
  const broker = await openBroker(options, io);
  const printer = createPrinter(io, options.json === true);
  const progress = startProgress(io, (seconds) => `Waiting for notifications … ${tally.count} received, ${seconds} s`);
  const consumer = new NotificationConsumer({
    listen,
    onNotification: (notification) => {
      if (!tally.take()) return;
      progress.clear();
      printer.notification(notification, new Date());
    },
  });
  await startConsumer(consumer, options.listen, io.signal);
  try {
    const address = options.address ?? consumer.url();
    const subscription = await Subscription.open({
      broker,
      consumer: { address, parameters: [] },
      topic,
      termination,
      printer,
      clock: systemClock,
    });
    const ending = AbortSignal.any([io.signal, tally.full]);
    await endOf(subscription.keepAlive(ending), ending, () => subscription.close());
  } finally {
    progress.stop();
    await consumer.stop(AbortSignal.timeout(GRACE_MS));
  }
}

async function startConsumer(consumer: NotificationConsumer, listen: string, signal: AbortSignal): Promise<void> {
  try {
    await consumer.start(signal);
  } catch (cause) {
    signal.throwIfAborted();
    const reason = codeOf(cause) === 'EADDRINUSE' ? 'something else listens there' : messageOf(cause);
    throw new ExchangeError(`Cannot listen at ${listen}: ${reason}`, { cause });
  }
}

/** Where to listen. Everywhere is no address that a broker could call. */
function parseListen(text: string, address: string | undefined): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw new UsageError(`--listen takes host:port, but got "${text}"`);
  if (address === undefined && /^(?:0\.0\.0\.0|::)$/.test(host)) {
    throw new UsageError(`--listen ${text} listens everywhere; say with --address which URL the broker should call`);
  }
  if (address !== undefined && !(URL.canParse(address) && /^https?:/i.test(address))) {
    throw new UsageError(`--address takes an http or https URL, but got "${address}"`);
  }
  return { host, port };
}
