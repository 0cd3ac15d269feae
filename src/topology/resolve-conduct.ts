import { resolve } from 'node:path';
import type { BacklogSpec, BacklogSpecs, Conduct, SourceSpec, TopicSpec } from './model.ts';
import type { WrittenTopology } from './schema.ts';

/** The topics, with the files relative to `directory` made absolute. */
export function resolveTopics({ topics }: WrittenTopology, directory: string): TopicSpec {
  const absolute = (file: string): string => resolve(directory, file);
  return { fixed: topics.fixed, namespaces: topics.namespaces.map(absolute), sets: topics.sets.map(absolute) };
}

/** What may wait for consumers. */
export function resolveBacklog({ backlog }: WrittenTopology): BacklogSpecs {
  const { perSubscription, perPullPoint, perLink, perEngine, patience } = backlog;
  return {
    subscription: backlogOf(perSubscription),
    pullPoint: backlogOf(perPullPoint),
    link: backlogOf(perLink),
    engine: perEngine,
    patienceMs: patience,
  };
}

function backlogOf<Policy extends string>({
  messages,
  bytes,
  age,
  policy,
}: {
  readonly messages: number;
  readonly bytes: number;
  readonly age: number | 'unlimited';
  readonly policy: Policy;
}): BacklogSpec<Policy> {
  return { messages, bytes, ageMs: age === 'unlimited' ? null : age, policy };
}

/** The sources; one without an engine belongs to the first. */
export function resolveSources({ sources, engines }: WrittenTopology): readonly SourceSpec[] {
  return sources.map(({ name, engine, address, kind, soap, topics, lifetime }) => ({
    name,
    engine: engine ?? engines[0]?.name ?? '',
    address,
    kind,
    soapVersion: soap,
    topics: topics.map(({ dialect, expression, namespaces }) => ({ dialect, expression, namespaces })),
    lifetimeMs: lifetime,
  }));
}

/** What the broker does where the standards leave it open. */
export function resolveConduct(written: WrittenTopology): Conduct {
  const { strict, tolerate, replyTo, profiles, publishers, subscriptions, pullPoints } = written;
  const named = Object.entries(tolerate).flatMap(([name, isTolerated]) =>
    isTolerated === undefined ? [] : [[name, isTolerated] as const],
  );
  return {
    strict,
    tolerate: Object.fromEntries(named),
    replyTo,
    profiles,
    requiresRegistration: publishers.registration === 'required',
    renewGraceMs: subscriptions.renewGrace,
    pauseRetention: subscriptions.pauseRetention,
    pullPointLifetimeMs: pullPoints.lifetime === 'unlimited' ? null : pullPoints.lifetime,
  };
}
