import { subscribe } from '../test/support/soap-client.ts';
import { LANE_TOPIC, publishInLanes } from './lanes.ts';
import { LoneServer } from './load/lone-server.ts';
import { subscribeMany } from './load/subscriptions.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, type Contestant, type Readings } from './rounds.ts';

/** So that nothing is dropped, and nothing is delivered. */
const TOPOLOGY = `
delivery: { firstRetry: 1h, maxRetry: 1h }
backlog:
  perSubscription: { messages: 4000000, bytes: 16GiB, age: unlimited, policy: refusePublisher }
  perEngine: { messages: 4000000, bytes: 16GiB }
`;
const ACTIVE = 'ms to active';
const MOST_MS = 3_000;

/**
 * How long a server takes that was killed: from the start of its process until its engine is active, and until it has
 * accepted a Notify. With nothing to load, with many subscriptions, and with a long backlog that one subscription is owed.
 */
export async function restart({ rounds, many, backlog }: Extent, report: (line: string) => void): Promise<Outcome> {
  const messages = Math.min(backlog, many * 10);
  await using empty = await LoneServer.start(TOPOLOGY);
  await using subscribed = await LoneServer.start(TOPOLOGY);
  report(`subscribing ${many}`);
  await subscribeMany(subscribed.url, many);
  await using behind = await LoneServer.start(TOPOLOGY);
  await subscribe(behind.url, 'http://127.0.0.1:9/nobody', { topic: LANE_TOPIC });
  let published = 0;
  await publishInLanes(`${behind.url}/wsn/NotificationBroker`, messages, (some) => {
    published += some;
    report(`published ${published} of ${messages}`);
  });
  const servers = {
    'nothing to load': empty,
    [`${many} subscriptions`]: subscribed,
    [`${messages} messages`]: behind,
  };
  // Only one runs at a time.
  for (const server of Object.values(servers)) await server.kill();
  const contestants = Object.entries(servers).map(([name, server]): Contestant => ({
    name,
    measure: async () => startOf(server),
  }));
  const measured = await measureInTurn(contestants, rounds, report);
  const targets = Object.keys(servers).map((name) => {
    const found = measured[`${name}: ${ACTIVE}`]?.median ?? NaN;
    return { name: `${name}, ${ACTIVE}`, found, atMost: MOST_MS };
  });
  return { measured, targets };
}

async function startOf(server: LoneServer): Promise<Readings> {
  const startedAt = performance.now();
  const active = await server.up();
  await server.accepts();
  const accepting = performance.now() - startedAt;
  await server.kill();
  return { [ACTIVE]: active, 'ms to the first Notify': accepting };
}
