import { addressKey, bareHost, formatAddress, hostKey, isWildcard, portOf } from './address.ts';
import { addressFindings, wireOf } from './address-rules.ts';
import type { Draft, DraftEngine, DraftMember, Found } from './draft.ts';
import { formatPath, listed, quote, type Finding } from './finding.ts';
import { compareKind, type Shape } from './kind.ts';
import { sourceFindings, topicFindings } from './source-rules.ts';
import { suggestion } from './spelling.ts';
import { formatDuration } from './units.ts';

/** Everything that the shape alone does not say. Each rule is applied to what is right by itself. */
export function checkRules(draft: Draft): Finding[] {
  return [
    ...duplicateNames([...draft.proxies, ...(draft.servers ?? [])], 'proxies and servers'),
    ...duplicateNames(draft.engines ?? [], 'engines'),
    ...duplicateNames(draft.sources, 'sources'),
    ...addressFindings(draft),
    ...strangeCandidates(draft),
    ...wrongKind(draft),
    ...distantCandidates(draft),
    ...wrongPublicUrl(draft),
    ...wrongTimes(draft),
    ...sourceFindings(draft),
    ...topicFindings(draft),
  ];
}

/** Names go into paths and files, where some systems do not tell capitals from small letters. */
function duplicateNames(members: readonly { readonly name?: Found<string> | undefined }[], among: string): Finding[] {
  const taken = new Map<string, Found<string>>();
  return members.flatMap(({ name }) => {
    if (name === undefined) return [];
    const first = taken.get(name.value.toLowerCase());
    if (first === undefined) {
      taken.set(name.value.toLowerCase(), name);
      return [];
    }
    const likeness = first.value === name.value ? 'the name of' : `but for capitals ${quote(first.value)} of`;
    const message = `found ${quote(name.value)}, ${likeness} ${formatPath(first.path)}, expected names unique among ${among}`;
    return [{ path: name.path, message }];
  });
}

function strangeCandidates({ servers, engines }: Draft): Finding[] {
  if (servers === undefined) return [];
  const names = namesOf(servers);
  const labels = servers.flatMap(({ label }) => label ?? []);
  const listedNames = (engines ?? []).flatMap(({ candidates = [] }) => candidates.map(({ value }) => value));
  const unknown = new Set(listedNames.filter((name) => !labels.includes(name)));
  // They may be the servers that have no name yet: that is one mistake, and it is reported where the name is missing.
  if (unknown.size <= servers.length - labels.length) unknown.clear();
  return (engines ?? []).flatMap(({ candidates = [] }) =>
    candidates.flatMap(({ value, path }, index) => {
      if (candidates.findIndex((other) => other.value === value) < index) {
        return [{ path, message: `found the candidate ${quote(value)} twice, expected each server once` }];
      }
      if (!unknown.has(value)) return [];
      const hint = suggestion(value, names) ?? `the servers are ${listed(names.slice(0, 10))}`;
      return [{ path, message: `found ${quote(value)}, expected the name of a server`, hint }];
    }),
  );
}

function wrongKind({ kind, servers, engines }: Draft): Finding[] {
  if (kind === undefined || servers === undefined || engines === undefined) return [];
  if (servers.length === 0 || engines.length === 0) return [];
  const lists = engines.map(({ candidates }) => candidates?.map(({ value }) => value) ?? []);
  if (lists.some((list) => list.length === 0)) return [];
  const names = namesOf(servers);
  const candidates = lists.flat();
  const shape: Shape = {
    servers: servers.map(({ name }, index) => name?.value ?? `servers[${index}]`),
    engines: engines.map(({ name }, index) => ({
      name: name?.value ?? `engines[${index}]`,
      candidates: lists[index] ?? [],
    })),
    isResolved: new Set(names).size === servers.length && candidates.every((candidate) => names.includes(candidate)),
  };
  const finding = compareKind(kind.value, shape);
  return finding === undefined ? [] : [finding];
}

/** A SQLite file is on one machine's disk, so every server that may open it has to be there. */
function distantCandidates({ isSqlite, servers, engines }: Draft): Finding[] {
  if (!isSqlite) return [];
  return (engines ?? []).flatMap((engine) => {
    const places = placesOf(engine, servers ?? []);
    if (new Set(places.map(({ host }) => hostKey(host))).size < 2) return [];
    const found = places.map(({ server, host }) => `${server} on ${host}`).join(', ');
    return [
      {
        path: [...engine.path, 'candidates'],
        message: `found candidates on several hosts (${found}), expected one host: a SQLite store is on the disk of one machine`,
        hint: 'several hosts for one engine need PostgreSQL, which this version does not have yet',
      },
    ];
  });
}

function placesOf(
  { candidates = [] }: DraftEngine,
  servers: readonly DraftMember[],
): { server: string; host: string }[] {
  return candidates.flatMap(({ value }) => {
    const host = servers.find(({ name }) => name?.value === value)?.listen?.value.host;
    return host === undefined ? [] : [{ server: value, host }];
  });
}

function wrongPublicUrl({ publicUrl, proxies, servers }: Draft): Finding[] {
  if (publicUrl === undefined) return [];
  if (publicUrl.value === undefined) {
    const listen = proxies[0]?.listen;
    if (listen === undefined || !isWildcard(listen.value.host)) return [];
    return [
      {
        path: ['publicUrl'],
        message: `missing, expected the URL that clients use: the first proxy listens on every address (${formatAddress(listen.value)})`,
        hint: `add "publicUrl: http://<name of this host>:${listen.value.port}"`,
      },
    ];
  }
  const url = new URL(publicUrl.value);
  const key = addressKey({ host: bareHost(url), port: portOf(url) });
  const server = (servers ?? []).find((member) =>
    [member.listen?.value, wireOf(member)].some((address) => address !== undefined && addressKey(address) === key),
  );
  if (server === undefined) return [];
  const message =
    `found ${quote(publicUrl.value)}, an address of ${server.name?.value ?? formatPath(server.path)}, ` +
    'expected that of a proxy: endpoint references outlive every server';
  const listen = proxies.find((proxy) => proxy.listen !== undefined)?.listen;
  const hint = listen === undefined ? undefined : `the first proxy listens on ${formatAddress(listen.value)}`;
  return [{ path: publicUrl.path, message, hint }];
}

function wrongTimes({ lease, delivery }: Draft): Finding[] {
  const findings: Finding[] = [];
  if (lease !== undefined) {
    const { ttl, renewEvery, guard } = lease.value;
    const least = guard + 2 * renewEvery;
    if (ttl <= least) {
      findings.push({
        path: ['lease', 'ttl'],
        message:
          `found ${formatDuration(ttl)}, expected more than guard + 2 × renewEvery = ${formatDuration(least)}: ` +
          'a holder must be able to miss a renewal without losing its engine',
      });
    }
  }
  if (delivery !== undefined) {
    const { connectTimeout, totalTimeout, firstRetry, maxRetry } = delivery.value;
    findings.push(...notAbove('connectTimeout', connectTimeout, 'totalTimeout', totalTimeout));
    findings.push(...notAbove('firstRetry', firstRetry, 'maxRetry', maxRetry));
  }
  return findings;
}

function notAbove(key: string, ms: number, boundKey: string, boundMs: number): Finding[] {
  if (ms <= boundMs) return [];
  const message = `found ${formatDuration(ms)}, expected at most ${boundKey} = ${formatDuration(boundMs)}`;
  return [{ path: ['delivery', key], message }];
}

function namesOf(members: readonly DraftMember[]): string[] {
  return members.flatMap(({ name }) => (name === undefined ? [] : [name.value]));
}
