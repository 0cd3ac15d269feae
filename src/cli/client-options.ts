import type { Command } from 'commander';
import { UsageError } from './failure.ts';
import type { CliIo } from './io.ts';
import { parseNamespaces, parseTopic } from './topics.ts';
import type { TopicArgument } from './topics.ts';
import { BrokerClient } from './broker-client.ts';
import { startProgress } from './progress.ts';

/** The options that publish, subscribe and pull share. */
export interface ClientOptions {
  readonly wsdl: string;
  readonly topic?: string;
  readonly ns: readonly string[];
  readonly dialect?: string;
  readonly json?: boolean;
}

const DEFAULT_WSDL = 'http://127.0.0.1:8080/wsn/NotificationBroker?wsdl';

/** Adds the options that publish, subscribe and pull share. */
export function addClientOptions(command: Command, topicText: string): Command {
  return command
    .option('--wsdl <url>', 'the WSDL of the broker', DEFAULT_WSDL)
    .option('--topic <topic>', topicText)
    .option('--ns <prefix=uri>', 'declare a prefix that the topic uses; may be repeated', collect, [])
    .option('--dialect <name>', 'simple, concrete, full, xpath or a URI (default: the plainest that fits the topic)')
    .option('--json', 'one JSON object on each line, for programs');
}

/** The topic that the options ask for; undefined if none. Throws UsageError. */
export function topicOf(options: ClientOptions): TopicArgument | undefined {
  const namespaces = parseNamespaces(options.ns);
  return options.topic === undefined ? undefined : parseTopic(options.topic, namespaces, options.dialect);
}

/** Reads the broker's WSDL. Throws UsageError, ExchangeError. */
export async function openBroker(options: ClientOptions, io: CliIo): Promise<BrokerClient> {
  if (!/^https?:\/\//i.test(options.wsdl) || !URL.canParse(options.wsdl)) {
    throw new UsageError(`--wsdl takes an http or https URL, but got "${options.wsdl}"`);
  }
  const progress = startProgress(io, (seconds) => `Reading ${options.wsdl} … ${seconds} s`);
  try {
    return await BrokerClient.open(options.wsdl, io.signal);
  } finally {
    progress.stop();
  }
}

/** Runs a command; being stopped by the user is no failure of it. Rejects with anything else. */
export async function untilStopped(io: CliIo, command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!io.signal.aborted || error !== io.signal.reason) throw error;
  }
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
