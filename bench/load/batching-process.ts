/** An engine with its store and its delivery, and nothing else: fills a backlog, and delivers it with so many messages a post. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deliverer } from '../../src/delivery/deliverer.ts';
import { MessagingEngine } from '../../src/engine/engine.ts';
import type { Outbox } from '../../src/engine/ports/outbox.ts';
import { HttpSender } from '../../src/http/sender/http-sender.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { randomId } from '../../src/kernel/ids.ts';
import { silentLogger } from '../../src/kernel/log.ts';
import { CONCRETE_DIALECT } from '../../src/wsn/topics/dialects.ts';
import { XPathSandbox } from '../../src/xml/xpath/sandbox.ts';
import type { BatchingOrder } from '../batching.ts';
import { endlessTenure, engineOptions } from '../matching-engine.ts';
import { MESSAGE } from '../workload.ts';
import { OpenStore } from './sqlite-store.ts';

const TOPIC = '{urn:bench}t';
const FILTER = { topics: [{ dialect: CONCRETE_DIALECT, text: 'b:t', namespaces: { b: 'urn:bench' } }] };
const TIMES = { connectTimeoutMs: 3_000, totalTimeoutMs: 15_000, firstRetryMs: 1_000, maxRetryMs: 10_000 };
const TOGETHER = 500;

const directory = mkdtempSync(join(tmpdir(), 'pointsman-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const xpath = new XPathSandbox();
await xpath.start();
const { store } = await OpenStore.open(directory);
const engine = new MessagingEngine(engineOptions(xpath, store));
await engine.start();
const sender = new HttpSender();
let deliverer: Deliverer | undefined;
let subscriptions: readonly string[] = [];

async function fill(urls: readonly string[], messages: number): Promise<void> {
  subscriptions = await Promise.all(
    urls.map(async (address) => {
      const consumer = { kind: 'push', reference: { address, referenceParameters: [] }, soapVersion: '1.2' } as const;
      const request = { consumer, filter: FILTER, termination: { kind: 'infinite' } } as const;
      return (await engine.execute('subscribe', request, { requestId: randomId() })).subscription;
    }),
  );
  for (let from = 0; from < messages; from += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, messages - from) }, () => ({
      topic: TOPIC,
      message: MESSAGE,
    }));
    await engine.execute('notify', { messages: some }, { requestId: randomId() });
  }
}

function deliver(perPost: number): void {
  const outbox: Outbox = {
    onReady: (listener, signal) => engine.outbox.onReady(listener, signal),
    claim: async (id, maxCount, maxBytes) => engine.outbox.claim(id, Math.min(maxCount, perPost), maxBytes),
  };
  deliverer = new Deliverer({
    ...{ outbox, sender, tenure: endlessTenure(store.epoch), clock: systemClock, logger: silentLogger },
    ...{ engine: 'ME1', times: TIMES, publicUrl: 'http://127.0.0.1:8080' },
  });
  deliverer.start();
}

async function end(): Promise<void> {
  await deliverer?.stop();
  for (const subscription of subscriptions) {
    await engine.execute('unsubscribe', { subscription }, { requestId: randomId() });
  }
}

async function perform(order: BatchingOrder): Promise<void> {
  if (order.what === 'fill') await fill(order.urls, order.messages);
  else if (order.what === 'deliver') deliver(order.perPost);
  else await end();
  process.send?.(order.what);
}

process.on('message', (order: BatchingOrder) => void perform(order));
process.on('disconnect', () => process.exit());
process.send?.('ready');
