import type { Conduct, TopicSpec } from './model.ts';

/** What holds where a topology file says nothing about topics. */
export const DEFAULT_TOPICS: TopicSpec = { fixed: false, namespaces: [], sets: [] };

/** What holds where a topology file says nothing about what the standards leave open. */
export const DEFAULT_CONDUCT: Conduct = {
  strict: false,
  tolerate: {},
  replyTo: [],
  profiles: { dsub: false, onvif: false },
  requiresRegistration: false,
  renewGraceMs: 10_000,
  pauseRetention: 'all',
  pullPointLifetimeMs: null,
};
