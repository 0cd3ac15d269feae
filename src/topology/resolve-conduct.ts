import { resolve } from 'node:path';
import type { Conduct, SourceSpec, TopicSpec } from './model.ts';
import type { WrittenTopology } from './schema.ts';

/** The topics, with the files relative to `directory` made absolute. */
export function resolveTopics({ topics }: WrittenTopology, directory: string): TopicSpec {
  const absolute = (file: string): string => resolve(directory, file);
  return { fixed: topics.fixed, namespaces: topics.namespaces.map(absolute), sets: topics.sets.map(absolute) };
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
