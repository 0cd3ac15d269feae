import { counted, listed, type Finding } from './finding.ts';
import type { TopologyKind } from './model.ts';

/** What each kind demands, in the words of messages and of the documentation. */
export const KINDS: Readonly<Record<TopologyKind, string>> = {
  single: 'one server, one engine, one candidate',
  'load-balanced': 'at least two engines with one candidate each; every server hosts exactly one engine',
  'high-availability': 'one engine with at least two candidates; every server is a candidate',
  combined: 'at least two engines, at most as many as servers; at least one engine with two or more candidates',
};

export const KIND_NAMES = Object.keys(KINDS) as readonly TopologyKind[];

/** What decides the kind: the servers, and the candidates of each engine. */
export interface Shape {
  readonly servers: readonly string[];
  readonly engines: readonly { readonly name: string; readonly candidates: readonly string[] }[];
  /** False while some candidate is not a server: then only the numbers count. */
  readonly isResolved: boolean;
}

/** The kind that the shape is; undefined when it is none of them. At most one kind fits any shape. */
export function kindOf(shape: Shape): TopologyKind | undefined {
  return KIND_NAMES.find((kind) => objections(kind, shape).length === 0);
}

/** Says why `shape` is not what was declared, and what it would be; undefined when it is. */
export function compareKind(declared: TopologyKind, shape: Shape): Finding | undefined {
  const reasons = objections(declared, shape);
  if (reasons.length === 0) return undefined;
  const actual = kindOf(shape);
  const engines = shape.engines.map(
    ({ name, candidates }) => `${name} with ${counted(candidates.length, 'candidate')}`,
  );
  const found = `${counted(shape.servers.length, 'server')} and ${counted(engines.length, 'engine')} (${shorten(engines)})`;
  return {
    path: ['topology'],
    message:
      `declared "${declared}" (${KINDS[declared]}), but found ${found}: ${shorten(reasons)}; ` +
      (actual === undefined ? 'this shape is none of the four kinds' : `this shape is "${actual}"`),
    hint:
      actual === undefined
        ? `change the engines or their candidates`
        : `write "topology: ${actual}", or change the engines`,
  };
}

/** What keeps `shape` from being `kind`; empty when it is. */
function objections(kind: TopologyKind, shape: Shape): string[] {
  const servers = shape.servers.length;
  const engines = shape.engines.length;
  const largest = Math.max(0, ...shape.engines.map(({ candidates }) => candidates.length));
  switch (kind) {
    case 'single':
      return [
        ...when(servers !== 1, `${counted(servers, 'server')} instead of one`),
        ...when(engines !== 1, `${counted(engines, 'engine')} instead of one`),
        ...when(largest > 1, `${counted(largest, 'candidate')} instead of one`),
      ];
    case 'load-balanced':
      return [
        ...when(engines < 2, 'fewer than two engines'),
        ...when(largest > 1, `${listed(standbys(shape))} with more than one candidate`),
        ...(largest > 1 ? [] : unevenServers(shape)),
      ];
    case 'high-availability':
      return [
        ...when(engines !== 1, `${counted(engines, 'engine')} instead of one`),
        ...when(largest < 2, 'no engine with two or more candidates'),
        ...(engines === 1 && largest >= 2 ? missingCandidates(shape) : []),
      ];
    case 'combined':
      return [
        ...when(engines < 2, 'fewer than two engines'),
        ...when(engines > servers, 'more engines than servers'),
        ...when(largest < 2, 'no engine with two or more candidates'),
      ];
  }
}

function when(condition: boolean, reason: string): string[] {
  return condition ? [reason] : [];
}

function standbys(shape: Shape): string[] {
  return shape.engines.filter(({ candidates }) => candidates.length > 1).map(({ name }) => name);
}

/** Servers that host no engine or several, where each engine has one candidate. */
function unevenServers({ servers, engines, isResolved }: Shape): string[] {
  if (!isResolved) {
    return when(
      servers.length !== engines.length,
      `${counted(engines.length, 'engine')} for ${counted(servers.length, 'server')}`,
    );
  }
  return servers.flatMap((server) => {
    const hosted = engines.filter(({ candidates }) => candidates.includes(server)).length;
    if (hosted === 1) return [];
    return [hosted === 0 ? `${server} hosts no engine` : `${server} hosts ${hosted} engines`];
  });
}

function missingCandidates({ servers, engines, isResolved }: Shape): string[] {
  const candidates = engines.flatMap((engine) => engine.candidates);
  if (!isResolved) {
    return when(
      candidates.length !== servers.length,
      `${counted(candidates.length, 'candidate')} of ${counted(servers.length, 'server')}`,
    );
  }
  const missing = servers.filter((server) => !candidates.includes(server));
  return when(missing.length > 0, `${listed(missing.slice(0, 5))} ${missing.length === 1 ? 'is' : 'are'} no candidate`);
}

function shorten(parts: readonly string[]): string {
  const most = 5;
  return parts.length > most ? `${parts.slice(0, most).join(', ')}, …` : parts.join(', ');
}
