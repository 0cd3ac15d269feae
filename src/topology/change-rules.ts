import { formatAddress } from './address.ts';
import type { EngineSpec, ProxySpec, ServerSpec, Topology } from './model.ts';
import { formatDuration, formatSize } from './units.ts';

/**
 * What it takes to change a key. `live`: nothing, a running member takes it up. `rolling`: each member has to start anew,
 * one after the other. `never`: not while anything runs.
 */
export type ChangeClass = 'live' | 'rolling' | 'never';

/** How one key of the file may change, and where its value is. */
export interface ChangeRule<Of> {
  readonly change: ChangeClass;
  /** For the documentation, and the hint of a refusal: why it is no better, or what to do instead. */
  readonly note?: string;
  readonly valueOf: (of: Of) => unknown;
  /** The value as people write it; JSON if there is no such function. */
  readonly show?: (value: never) => string;
}

/** How a list of named members may change. */
export interface ListRule<Member extends { readonly name: string }> {
  readonly added: ChangeClass;
  readonly removed: ChangeClass;
  readonly note?: string;
  readonly membersOf: (topology: Topology) => readonly Member[];
  readonly members: Readonly<Record<string, ChangeRule<Member>>>;
}

const IN_STEP = 'members that differ in it would not agree on when a lease has ended; stop everything, then start it';
const AT_START = 'read when a member or an engine starts';
const STAYS = 'remove the member, reload, then add it again';

const ms = (valueOf: (topology: Topology) => number, change: ChangeClass = 'live'): ChangeRule<Topology> => ({
  ...{ change, valueOf, show: formatDuration },
});
const bytes = (valueOf: (topology: Topology) => number): ChangeRule<Topology> => ({
  ...{ change: 'live', valueOf, show: formatSize },
});
const stays = <Of>(valueOf: (of: Of) => unknown, note: string, show?: (value: never) => string): ChangeRule<Of> => ({
  ...{ change: 'never', valueOf, note, ...(show === undefined ? {} : { show }) },
});

/** Every key that stands for itself. One that stands for a whole section covers what is in it. */
export const KEY_RULES: Readonly<Record<string, ChangeRule<Topology>>> = {
  name: stays(({ name }) => name, 'logs, stores and members go by it'),
  version: { change: 'live', valueOf: ({ version }) => version },
  topology: { change: 'live', valueOf: ({ kind }) => kind },
  publicUrl: { change: 'rolling', valueOf: ({ publicUrl }) => publicUrl, note: `${AT_START}, and shown in its WSDL` },
  'store.sqlite.directory': stays(({ store }) => store.directory, 'the engines have their files there'),
  'store.sqlite.ballast': { ...bytes(({ store }) => store.ballastBytes), change: 'rolling', note: AT_START },
  'store.sqlite.onRegression': { change: 'rolling', valueOf: ({ store }) => store.onRegression, note: AT_START },
  'lease.ttl': { ...ms(({ lease }) => lease.ttlMs, 'never'), note: IN_STEP },
  'lease.renewEvery': { ...ms(({ lease }) => lease.renewEveryMs, 'never'), note: IN_STEP },
  'lease.guard': { ...ms(({ lease }) => lease.guardMs, 'never'), note: IN_STEP },
  'limits.maxBody': bytes(({ limits }) => limits.maxBodyBytes),
  'limits.hold': ms(({ limits }) => limits.holdMs),
  'limits.maxHeldRequests': { change: 'live', valueOf: ({ limits }) => limits.maxHeldRequests },
  'limits.maxHeld': bytes(({ limits }) => limits.maxHeldBytes),
  'delivery.connectTimeout': ms(({ delivery }) => delivery.connectTimeoutMs),
  'delivery.totalTimeout': ms(({ delivery }) => delivery.totalTimeoutMs),
  'delivery.firstRetry': ms(({ delivery }) => delivery.firstRetryMs),
  'delivery.maxRetry': ms(({ delivery }) => delivery.maxRetryMs),
  backlog: { change: 'live', valueOf: ({ backlog }) => backlog },
  topics: { change: 'rolling', valueOf: ({ topics }) => topics, note: AT_START },
  'publishers.registration': {
    ...{ change: 'rolling', valueOf: ({ conduct }) => (conduct.requiresRegistration ? 'required' : 'optional') },
    note: 'shown by the resource properties of each engine, which it writes when it starts',
  },
  'subscriptions.renewGrace': ms(({ conduct }) => conduct.renewGraceMs),
  'subscriptions.pauseRetention': {
    ...{ change: 'rolling', valueOf: ({ conduct }) => conduct.pauseRetention },
    note: 'shown by the resource properties of each engine, which it writes when it starts',
  },
  'pullPoints.lifetime': {
    ...{ change: 'live', valueOf: ({ conduct }) => conduct.pullPointLifetimeMs },
    show: (value: number | null) => (value === null ? 'unlimited' : formatDuration(value)),
    note: 'for pull points that are created afterwards',
  },
  sources: { change: 'rolling', valueOf: ({ sources }) => sources, note: AT_START },
  profiles: { change: 'live', valueOf: ({ conduct }) => conduct.profiles },
  replyTo: { change: 'live', valueOf: ({ conduct }) => conduct.replyTo },
  strict: { change: 'live', valueOf: ({ conduct }) => conduct.strict },
  tolerate: { change: 'live', valueOf: ({ conduct }) => conduct.tolerate },
};

/** The lists of members. */
export const LIST_RULES: {
  readonly proxies: ListRule<ProxySpec>;
  readonly servers: ListRule<ServerSpec>;
  readonly engines: ListRule<EngineSpec>;
} = {
  proxies: {
    ...{ added: 'live', removed: 'live', membersOf: ({ proxies }) => proxies },
    note: 'one that is removed finishes what is in flight and ends',
    members: {
      listen: stays(({ listen }) => listen, STAYS, formatAddress),
      workers: { change: 'live', valueOf: ({ workers }) => workers },
    },
  },
  servers: {
    ...{ added: 'live', removed: 'live', membersOf: ({ servers }) => servers },
    note: 'one that is removed gives its engines to other candidates and ends',
    members: {
      listen: stays(({ listen }) => listen, STAYS, formatAddress),
      wire: stays(({ wire }) => wire, STAYS, formatAddress),
    },
  },
  engines: {
    ...{ added: 'live', removed: 'never', membersOf: ({ engines }) => engines },
    note: 'one that is removed would take its subscriptions and messages with it; stop everything first',
    members: {
      candidates: { change: 'live', valueOf: ({ candidates }) => candidates },
      failback: { change: 'live', valueOf: ({ failback }) => failback },
      failbackDelay: { change: 'live', valueOf: ({ failbackDelayMs }) => failbackDelayMs, show: formatDuration },
      failbackEvery: { change: 'live', valueOf: ({ failbackEveryMs }) => failbackEveryMs, show: formatDuration },
    },
  },
};
