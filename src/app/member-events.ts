import type { EngineName, ServerName } from '../kernel/names.ts';

/** What a member tells whoever started it, one JSON object on each line of its standard output. */
export type MemberEvent =
  /** A spare has loaded everything and waits to be told which member it is. */
  | { readonly event: 'waiting' }
  | { readonly event: 'serving'; readonly name: string; readonly url: string; readonly pid: number }
  /** A proxy accepts no new connections any more, and will end: a successor may have its place. */
  | { readonly event: 'leaving'; readonly name: string }
  /** A proxy is connected to these servers and knows where these engines run. */
  | {
      readonly event: 'sees';
      readonly name: string;
      readonly servers: readonly string[];
      readonly engines: readonly string[];
    }
  | { readonly event: 'engine'; readonly name: EngineName; readonly server: ServerName; readonly epoch: number };

/** Takes what happens in a member. */
export type EventSink = (event: MemberEvent) => void;

/** Reads one line of a member's output. Undefined: it is none of its events. */
export function parseMemberEvent(line: string): MemberEvent | undefined {
  if (!line.startsWith('{"event":')) return undefined;
  try {
    return JSON.parse(line) as MemberEvent;
  } catch {
    return undefined;
  }
}
