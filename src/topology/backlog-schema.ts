import * as z from 'zod';
import { duration, HOUR, MIB, SECOND, size } from './forms.ts';

/* What may wait for consumers; see schema.ts for how errors and descriptions are written. */

const COUNT_RULE = 'a whole number from 1 to 1000000000';
const AGE_RULE = '"unlimited" or a duration from 1s to 8760h, such as 30m or 24h';

const count = z
  .int({ error: COUNT_RULE })
  .min(1, { error: COUNT_RULE })
  .max(1_000_000_000, { error: COUNT_RULE })
  .meta({ title: 'number' });
const bytes = size(1024, 1024 * 1024 * MIB);
const age = z
  .union([z.literal('unlimited'), duration(SECOND, 8760 * HOUR)], AGE_RULE)
  .meta({ title: 'unlimited, or duration, 1s to 8760h' });

const POLICIES = ['dropOldest', 'pause', 'terminate', 'refusePublisher'] as const;
const PLAIN_POLICIES = ['dropOldest', 'refusePublisher'] as const;

const subscriptionBacklog = z.strictObject(
  {
    messages: count.prefault(10_000).describe('Most messages that wait for one consumer.'),
    bytes: bytes.prefault('64MiB').describe('Most bytes that they take in the log.'),
    age: age.prefault('24h').describe('A message that has waited for longer is dropped, whatever the policy.'),
    policy: z
      .enum(POLICIES, { error: 'one of "dropOldest", "pause", "terminate", "refusePublisher"' })
      .prefault('dropOldest')
      .describe(
        'What happens at the limit: the oldest are dropped, and the consumer is told with the next that it gets; the ' +
          'subscription is paused, or ended; or the publishers of what matches it are refused (503) until there is room.',
      ),
  },
  { error: 'a mapping with the keys messages, bytes, age and policy' },
);

const pullPointBacklog = z.strictObject(
  {
    messages: count
      .prefault(1_000)
      .describe('Most messages that wait for one pull point: of each subscription that feeds it, and sent to itself.'),
    bytes: bytes.prefault('8MiB').describe('Most bytes that they take in the log.'),
    age: age.prefault('24h').describe('A message that has waited for longer is dropped, whatever the policy.'),
    policy: z
      .enum(PLAIN_POLICIES, { error: '"dropOldest" or "refusePublisher"' })
      .prefault('dropOldest')
      .describe('What happens at the limit.'),
  },
  { error: 'a mapping with the keys messages, bytes, age and policy' },
);

const linkBacklog = z.strictObject(
  {
    messages: count.prefault(500_000).describe('Most messages that wait for one other engine that is away.'),
    bytes: bytes.prefault('2GiB').describe('Most bytes that they take in the log.'),
    age: age.prefault('unlimited').describe('A message that has waited for longer is dropped, whatever the policy.'),
    policy: z
      .enum(PLAIN_POLICIES, { error: '"dropOldest" or "refusePublisher"' })
      .prefault('refusePublisher')
      .describe(
        'What happens at the limit. Subscribers of the other engine are not told of what is dropped here; the log of the ' +
          'server shows it as an error.',
      ),
  },
  { error: 'a mapping with the keys messages, bytes, age and policy' },
);

const engineBacklog = z.strictObject(
  {
    messages: count
      .prefault(1_000_000)
      .describe('Longest log of one engine, from the oldest message that anybody still waits for.'),
    bytes: bytes.prefault('4GiB').describe('Most bytes of it.'),
  },
  { error: 'a mapping with the keys messages and bytes' },
);

export const backlogSchema = z.strictObject(
  {
    perSubscription: subscriptionBacklog.prefault({}).describe('Subscriptions whose consumer is sent its messages.'),
    perPullPoint: pullPointBacklog.prefault({}).describe('Pull points.'),
    perLink: linkBacklog.prefault({}).describe('Links between the engines of the topology.'),
    perEngine: engineBacklog
      .prefault({})
      .describe(
        'All together. Shortly before, those that are furthest behind give way by their policies; at it, publishers are refused.',
      ),
    patience: duration(0, HOUR)
      .prefault('10s')
      .describe(
        'How long a consumer that is catching up may slow its publishers down (503 with Retry-After) before its policy ' +
          'applies; `0s`: not at all.',
      ),
  },
  { error: 'a mapping with the keys perSubscription, perPullPoint, perLink, perEngine and patience' },
);
