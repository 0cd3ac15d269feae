import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { messageOf } from '../kernel/errors.ts';
import type { Answer, BrokerClient } from './broker-client.ts';
import { addClientOptions, openBroker, topicOf, untilStopped } from './client-options.ts';
import type { ClientOptions } from './client-options.ts';
import { parseCount } from './durations.ts';
import { UsageError } from './failure.ts';
import { writeJson, writeLine } from './io.ts';
import type { CliIo } from './io.ts';
import { notifyBody } from './messages.ts';
import { startProgress } from './progress.ts';
import { readXmlTree } from './xml-tree.ts';

interface PublishOptions extends ClientOptions {
  readonly message?: string;
  readonly file?: string;
  readonly count: string;
}

/** `pointsman publish`: sends notifications to any WS-Notification broker. */
export function addPublishCommand(program: Command, io: CliIo): void {
  const command = program.command('publish').description('send a notification to a broker');
  addClientOptions(command, 'the topic to publish on, such as news/sport or {urn:news}sport/football')
    .option('--message <xml>', 'the payload: one XML element')
    .option('--file <file>', 'a file with the payload')
    .option('--count <n>', 'how many times to send it', '1')
    .action(async (options: PublishOptions) => {
      await untilStopped(io, () => publish(options, io));
    });
}

async function publish(options: PublishOptions, io: CliIo): Promise<void> {
  const count = parseCount(options.count, '--count');
  const body = notifyBody(readPayload(options), topicOf(options));
  const broker = await openBroker(options, io);
  let sent = 0;
  const progress = startProgress(io, (seconds) => `Sent ${sent} of ${count} … ${seconds} s`);
  try {
    while (sent < count) {
      const answer = await broker.call('Notify', body);
      sent += 1;
      progress.clear();
      report(io, options, broker, answer, sent, count);
    }
  } finally {
    progress.stop();
  }
}

function report(
  io: CliIo,
  options: PublishOptions,
  broker: BrokerClient,
  answer: Answer,
  number: number,
  count: number,
): void {
  const { status, via, messageId } = answer;
  const durationMs = Math.round(answer.durationMs * 10) / 10;
  const address = broker.addressOf('Notify');
  if (options.json === true) {
    const topic = options.topic ?? null;
    writeJson(io.stdout, {
      event: 'published',
      number,
      count,
      topic,
      address,
      status,
      via: via ?? null,
      messageId,
      durationMs,
    });
    return;
  }
  const route = via === undefined ? '' : `  via ${via}`;
  writeLine(
    io.stdout,
    `Sent ${number} of ${count} to ${address}: acknowledged with ${status} in ${durationMs} ms${route}`,
  );
}

/** The payload, checked to be one element; its bytes go out as they are. */
function readPayload({ message, file }: PublishOptions): string {
  if ((message === undefined) === (file === undefined))
    throw new UsageError('Give the payload with --message or with --file');
  const source = message === undefined ? '--file' : '--message';
  const text = (message ?? readText(file ?? '')).replace(/^\uFEFF?\s*(?:<\?xml[^>]*\?>)?/, '').trim();
  try {
    readXmlTree(text);
  } catch (cause) {
    throw new UsageError(`${source} takes one XML element: ${messageOf(cause).replace('The answer', 'it')}`, { cause });
  }
  return text;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--file cannot be read: ${messageOf(cause)}`, { cause });
  }
}
