import type { Extent, Outcome } from './outcome.ts';

/** Measures something; `report` is told how far it is. */
type Suite = (extent: Extent, report: (line: string) => void) => Promise<Outcome>;

/** By the names they are asked for with. Only the one that is asked for is loaded. */
export const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  backlog: async () => (await import('./backlog.ts')).backlog,
  batching: async () => (await import('./batching.ts')).batching,
  'event-loop': async () => (await import('./event-loop.ts')).eventLoop,
  failover: async () => (await import('./failover.ts')).failover,
  'fan-out': async () => (await import('./fan-out.ts')).fanOut,
  growth: async () => (await import('./growth.ts')).growth,
  matching: async () => (await import('./matching.ts')).matching,
  memory: async () => (await import('./memory.ts')).memory,
  parse: async () => (await import('./parse.ts')).parse,
  proxy: async () => (await import('./proxy.ts')).proxy,
  publish: async () => (await import('./publish.ts')).publish,
  pull: async () => (await import('./pull.ts')).pull,
  restart: async () => (await import('./restart.ts')).restart,
  'slow-consumer': async () => (await import('./slow-consumer.ts')).slowConsumer,
};
