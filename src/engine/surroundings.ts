import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { CatchUp } from './catch-up.ts';
import type { Distribution } from './distribution.ts';
import type { Life } from './life.ts';
import type { EngineLimits } from './limits.ts';
import type { MessageLog } from './log.ts';
import type { PeerLinks } from './links/peer-links.ts';
import type { PullPoints } from './pull-points.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Turns } from './turns.ts';
import type { Writer } from './writer.ts';

/** What of an engine the keeping of backlogs rests on: a selection of its Parts, which it is itself one of. */
export interface Surroundings {
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly life: Life;
  readonly log: MessageLog;
  readonly writer: Writer;
  readonly turns: Turns;
  readonly catchUp: CatchUp;
  readonly distribution: Distribution;
  readonly subscriptions: Subscriptions;
  readonly pullPoints: PullPoints;
  readonly peerLinks: PeerLinks;
}
