import { addressKey, bareHost, portOf } from './address.ts';
import { wireOf } from './address-rules.ts';
import type { Draft, DraftSource } from './draft.ts';
import { listed, quote, type Finding } from './finding.ts';
import { suggestion } from './spelling.ts';

/** Sources of engines that do not exist, and sources that are this topology itself. */
export function sourceFindings(draft: Draft): Finding[] {
  return draft.sources.flatMap((source) => [...strangeEngine(source, draft), ...loop(source, draft)]);
}

/** A closed set of topics without topics. */
export function topicFindings({ topics }: Draft): Finding[] {
  if (topics?.value.fixed !== true || topics.value.sets.length > 0) return [];
  return [
    {
      path: [...topics.path, 'fixed'],
      message: 'found true without any file in "sets", expected at least one: there would be no topic at all',
    },
  ];
}

function strangeEngine({ engine }: DraftSource, { engines }: Draft): Finding[] {
  if (engine?.value === undefined || engines === undefined) return [];
  const names = engines.flatMap(({ name }) => name?.value ?? []);
  // One that has no name yet may be meant.
  if (names.includes(engine.value) || names.length < engines.length) return [];
  const hint = suggestion(engine.value, names) ?? `the engines are ${listed(names.slice(0, 10))}`;
  return [{ path: engine.path, message: `found ${quote(engine.value)}, expected the name of an engine`, hint }];
}

function loop({ address }: DraftSource, draft: Draft): Finding[] {
  if (address === undefined) return [];
  const own = ownAddresses(draft).get(keyOf(address.value));
  if (own === undefined) return [];
  const message = `found ${quote(address.value)}, ${own}, expected another broker or device: messages would go round for ever`;
  return [{ path: address.path, message }];
}

/** What each address of this topology is, in words. */
function ownAddresses({ publicUrl, proxies, servers = [] }: Draft): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const member of [...proxies, ...servers]) {
    const what = `an address of ${member.name?.value ?? 'a member'} of this topology`;
    for (const address of [member.listen?.value, wireOf(member)]) {
      if (address !== undefined) own.set(addressKey(address), what);
    }
  }
  if (publicUrl?.value !== undefined) own.set(keyOf(publicUrl.value), 'the publicUrl of this topology');
  return own;
}

function keyOf(text: string): string {
  const url = new URL(text);
  return addressKey({ host: bareHost(url), port: portOf(url) });
}
