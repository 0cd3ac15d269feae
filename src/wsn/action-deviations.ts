import type { DeviationName } from '../soap/tolerance.ts';

const WSN = 'http://docs.oasis-open.org/wsn/';

/** How the aliases of each family look; `http://docs.oasis-open.org/wsn/` is cut off. An alias may be of several. */
const FAMILIES: readonly (readonly [DeviationName, RegExp])[] = [
  ['actionBw2', /^bw2\//],
  ['actionPausable', /^bw-2\/PausableSubscriptionManager\//],
  ['actionWsdlDefault', /^brw-2\//],
  ['actionBr2', /^br-2\//],
  ['actionBareName', /^\w+$/],
  ['actionSubscribeOnRenew', /^bw-2\/NotificationProducer\/SubscribeRequest$/],
  ['actionPullPointCreate', /^bw-?2\/PullPoint\/CreatePullPoint(?:Request)?$/],
  ['actionPullPointNotify', /^bw-?2\/PullPoint\/Notify$/],
  ['actionNoPortType', /^bw-2\/Notify$/],
  ['actionElementName', /^b-2\/\w+$/],
];

/**
 * The deviations that an action is which is an alias of an operation's own. Empty for one that is of no family: then
 * nothing switches it off, so a test looks for such aliases.
 */
export function actionDeviations(alias: string): readonly DeviationName[] {
  const name = alias.startsWith(WSN) ? alias.slice(WSN.length) : alias;
  return FAMILIES.filter(([, pattern]) => pattern.test(name)).map(([deviation]) => deviation);
}
