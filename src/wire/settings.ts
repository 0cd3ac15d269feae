import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { WireChannels } from './channels.ts';
import type { ConnectionSettings } from './connection.ts';
import { encodeChannel } from './payloads.ts';
import { DEFAULT_LIMITS } from './protocol.ts';
import type { WireLimits } from './protocol.ts';

/** Connecting and greeting must be done within this time. */
export const GREETING_MS = 5000;

interface MemberOptions {
  readonly channels: WireChannels;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly pingEveryMs?: number;
  readonly silenceMs?: number;
  readonly limits?: Partial<WireLimits>;
}

/** What every connection of a member shares, with the defaults filled in. Throws RangeError for an impossible channel name. */
export function connectionSettings(options: MemberOptions): ConnectionSettings {
  const { channels, logger, clock, pingEveryMs = 1000, silenceMs = 10_000 } = options;
  for (const channel of [...Object.keys(channels.calls), ...Object.keys(channels.news)]) encodeChannel(channel);
  return {
    calls: new Map(Object.entries(channels.calls)),
    news: new Map(Object.entries(channels.news)),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    clock,
    logger,
    pingEveryMs,
    silenceMs,
  };
}
