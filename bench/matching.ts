import { XPathSandbox } from '../src/xml/xpath/sandbox.ts';
import { runAlone } from './alone.ts';
import { MatchingEngine } from './matching-engine.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, perSecond, type Contestant } from './rounds.ts';
import {
  askingFilter,
  CONTENT_TOPIC,
  contentFilter,
  missingFilter,
  mixedFilter,
  newTopic,
  TOPICS,
} from './workload.ts';

const RATE = 'notifications/s';

/** What it costs to find those that a notification is for, and what a subscription costs in memory. */
export async function matching({ rounds, many, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const xpath = new XPathSandbox();
  await warmUp(xpath);
  const some = Math.max(2, many / 100);
  const prepared = async (count: number, filterOf: typeof mixedFilter): Promise<MatchingEngine> => {
    report(`preparing ${count} subscriptions`);
    return MatchingEngine.create(xpath, count, filterOf);
  };
  const contestants: Contestant[] = [];
  const add = (name: string, unit: string, measure: Contestant['measure'], most?: number): unknown =>
    contestants.push({ name, unit, measure, rounds: most });

  const addGrowing = (engine: MatchingEngine, name: string): void => {
    let grown = 0;
    add(name, RATE, () =>
      perSecond(ms, () => {
        const topic = newTopic(grown++);
        engine.parts.topicSet.add(topic);
        engine.publish([topic]);
      }),
    );
  };

  const addMemory = (mix: 'memory' | 'distinct', name: string): void => {
    let found: Readonly<Record<string, number>> = {};
    const measure = async (): Promise<number> => {
      found = await runAlone(mix, many);
      return (found['engine'] ?? NaN) + (found['record'] ?? NaN);
    };
    add(name, 'bytes', measure, 1);
    add(`${name}, without its record`, 'bytes', () => found['engine'] ?? NaN, 1);
  };

  for (const count of [1, some, many]) {
    const engine = await prepared(count, mixedFilter);
    // Everything is looked at once before: what is made at the first use does not count.
    engine.rotate((topics) => engine.publish(topics));
    add(`matched, ${count} subscriptions`, RATE, () => perSecond(ms, () => engine.publish(TOPICS)));
    if (count < many) continue;
    add(`received, ${count} subscriptions`, 'deliveries/notification', () => {
      const before = engine.taken;
      engine.rotate((topics) => engine.route(topics));
      return (engine.taken - before) / TOPICS.length;
    });
    let turn = 0;
    add(`subscribed and unsubscribed, ${count} subscriptions`, 'pairs/s', () =>
      perSecond(ms, () => engine.parts.subscriptions.remove(engine.subscribe(turn, mixedFilter(turn++)))),
    );
  }
  for (const [index, count] of [1, 1, many].entries()) {
    // The second of those that are alone has a wildcard, which makes the walk through the patterns necessary.
    const engine = await prepared(count, index === 1 ? () => missingFilter(WILDCARD) : missingFilter);
    const who = index === 1 ? '1 wildcard' : `${count} subscriptions`;
    add(`looked up for nobody, ${who}`, RATE, () => perSecond(ms, () => engine.route(TOPICS)));
    add(`published for nobody, ${who}`, RATE, () => perSecond(ms, () => engine.publish(TOPICS)));
    if (count === many) addGrowing(engine, `a new topic that nobody asks for, ${who}`);
  }
  addGrowing(await prepared(1, askingFilter), 'a new topic that one XPath asks for');
  const content = await prepared(some, contentFilter);
  add(`matched, ${some} different contents on one topic`, RATE, () =>
    perSecond(ms, () => content.route([CONTENT_TOPIC])),
  );
  add(RESTART, 'ms', async () => (await runAlone('restart', many))['restart'] ?? NaN, 2);
  addMemory('memory', MEMORY);
  addMemory('distinct', `${MEMORY}, each with a topic of its own`);

  try {
    const measured = await measureInTurn(contestants, rounds, report);
    return { measured, targets: targetsOf(measured, many) };
  } finally {
    await xpath.dispose();
  }
}

/** A thread that has just started may not read a large topic set within its limit, and is then replaced by one that is as cold. */
async function warmUp(xpath: XPathSandbox): Promise<void> {
  await xpath.start();
  const expression = { text: '//*[@n > 0]', namespaces: {} };
  for (let size = 1; size <= 1024; size *= 2) {
    xpath.evaluate(Buffer.from(`<all>${'<one n="0"><two/></one>'.repeat(size)}</all>`), expression);
  }
}

/** The n-th of the mix that has a wildcard in the middle. */
const WILDCARD = 12;
const MEMORY = 'memory of a subscription';
const RESTART = 'restart';

function targetsOf(measured: Outcome['measured'], many: number): Outcome['targets'] {
  const median = (name: string): number => measured[name]?.median ?? NaN;
  const times = (what: string, than: string): number =>
    Number((median(`${what}, ${than}`) / median(`${what}, ${many} subscriptions`)).toFixed(2));
  return [
    { name: 'cost for nobody, published, to 1', found: times('published for nobody', '1 subscriptions'), atMost: 2 },
    {
      name: 'cost for nobody, looked up, to 1 wildcard',
      found: times('looked up for nobody', '1 wildcard'),
      atMost: 2,
    },
    { name: `${MEMORY} in bytes`, found: median(MEMORY), atMost: 2048 },
    { name: `${RESTART} in ms`, found: median(RESTART), atMost: 3000 },
  ];
}
