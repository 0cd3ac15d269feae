import { TestCluster } from '../test/support/cluster.ts';
import { subscribe } from '../test/support/soap-client.ts';
import { BareSender } from './load/bare-sender.ts';
import { Consumers, type Post } from './load/consumers.ts';
import { cpuMs } from './load/cpu.ts';
import { OneByOne } from './load/one-by-one.ts';
import { notify } from './load/request.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, type Contestant, type Readings } from './rounds.ts';

const COUNTS = [1, 10, 100, 1_000];
/** Publications that are on their way at once: more, and posts would carry several; fewer, and senders would wait. */
const WINDOW = 5;
/** As our own delivery does: one at a time to each subscriber, and so many to all together. */
const IN_FLIGHT = 64;
const BYTES = 1_600;
const POSTS = 'posts/s';

const localOf = (count: number): string => `to${count}`;
const topicOf = (count: number): string => `{urn:bench}${localOf(count)}`;
const ours = (count: number): string => `ours, ${count} subscribers`;
const bare = (count: number): string => `bare undici, ${count} subscribers`;

/**
 * Durable publications to many subscribers, each a destination of its own. What counts is the posts, not the messages in
 * them. Beside it, undici alone with the same bytes to the same consumers: one process that neither keeps nor matches.
 */
export async function fanOut({ rounds, many, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const counts = COUNTS.filter((count) => count <= many);
  await using cluster = await TestCluster.start('single');
  await using consumers = await Consumers.start(Math.max(...counts));
  await using sender = await BareSender.start();
  const broker = cluster.serverUrl('server1');
  using publisher = await OneByOne.open(broker);
  for (const count of counts) {
    report(`subscribing ${count} consumers`);
    for (const url of consumers.urls.slice(0, count)) await subscribe(broker, url, { topic: topicOf(count) });
  }
  const site: Site = { broker, publisher, consumers };
  // The first posts open the connections, and show what a post looks like.
  for (const count of counts) await deliver(site, count, 0);
  const post = await consumers.last();
  const durationMs = ms * 10;
  const contestants = counts.flatMap((count): readonly Contestant[] => [
    {
      name: ours(count),
      measure: () => withCpu(cluster.pidOf('server1'), () => deliver(site, count, durationMs)),
    },
    {
      name: bare(count),
      measure: () => withCpu(sender.pid, () => sendBare(sender, consumers.urls.slice(0, count), post, durationMs)),
    },
  ]);
  const measured = await measureInTurn(contestants, rounds, report);
  const at = (name: string): number => measured[`${name}: ${POSTS}`]?.median ?? NaN;
  const judged = Math.max(...counts.filter((count) => count <= 100));
  const found = Number((at(ours(judged)) / at(bare(judged))).toPrecision(3));
  return { measured, targets: [{ name: `ours to bare, ${judged} subscribers, of posts/s`, found, atLeast: 0.7 }] };
}

interface Sent {
  readonly posts: number;
  readonly seconds: number;
  readonly messages?: number;
}

interface Site {
  readonly broker: string;
  readonly publisher: OneByOne;
  readonly consumers: Consumers;
}

/** Publishes for a while, at least once; over when all has arrived. */
async function deliver({ broker, publisher, consumers }: Site, count: number, durationMs: number): Promise<Sent> {
  const request = notify(`${broker}/wsn/NotificationBroker`, BYTES, localOf(count));
  const before = await consumers.count(count);
  const startedAt = performance.now();
  let published = 0;
  do {
    await consumers.reached(before.messages + (published - WINDOW + 1) * count);
    const status = await publisher.ask(request);
    if (status !== 202) throw new Error(`Found ${status}, expected 202`);
    published += 1;
  } while (performance.now() - startedAt < durationMs);
  await consumers.reached(before.messages + published * count);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await consumers.count();
  return { posts: after.posts - before.posts, messages: after.messages - before.messages, seconds };
}

async function sendBare(sender: BareSender, urls: readonly string[], post: Post, durationMs: number): Promise<Sent> {
  return sender.send({ urls, post, inFlight: IN_FLIGHT, durationMs });
}

async function withCpu(pid: number, send: () => Promise<Sent>): Promise<Readings> {
  const before = cpuMs([pid]);
  const { posts, seconds, messages = posts } = await send();
  return {
    [POSTS]: posts / seconds,
    'µs of CPU per post': ((cpuMs([pid]) - before) * 1000) / posts,
    'messages per post': messages / posts,
  };
}
