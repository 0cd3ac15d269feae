import type { Engine } from '../../engine/ports/engine.ts';
import { affinityReference } from '../../soap/affinity.ts';
import type { RequestedTermination } from '../../wsn/messages.ts';
import type { CreatePullPointSubscriptionRequest, PullMessagesRequest } from '../../wsn/onvif/decode-onvif.ts';
import { gapHeader } from '../../wsn/gap-header.ts';
import {
  encodeCreatePullPointSubscriptionReply,
  encodePullMessagesReply,
  encodeSetSynchronizationPointReply,
} from '../../wsn/onvif/event-replies.ts';
import { addressedResource, ask, engineForInitial, type Call } from '../call.ts';
import type { ReplyBody } from '../reply-body.ts';

/** What a subscription gets whose creator did not say: as long as one poll may take. Every poll extends it. */
const DEFAULT_LIFETIME_MS = 60_000;

/** The longest wait of one poll: ONVIF Core §9.1.2 demands a minute at least, and no empty reply before the Timeout. */
const MAX_WAIT_MS = 60_000;

/** CreatePullPointSubscription (ONVIF Core §9.1): a subscription that is its own pull point. */
export async function createPullPointSubscription(
  request: CreatePullPointSubscriptionRequest,
  call: Call,
): Promise<ReplyBody> {
  const engine = engineForInitial(call);
  const { filter, policy } = request;
  const termination: RequestedTermination =
    request.termination.kind === 'absent'
      ? { kind: 'relative', duration: { months: 0, ms: DEFAULT_LIFETIME_MS } }
      : request.termination;
  const granted = await ask(call, engine, 'subscribe', { consumer: { kind: 'own' }, filter, policy, termination });
  const reference = affinityReference(call.publicUrl, 'PullPointSubscription', engine.name, granted.subscription);
  return encodeCreatePullPointSubscriptionReply(reference, granted);
}

/**
 * PullMessages (ONVIF Core §9.1): what there is, at once; where there is nothing, what comes first, within Timeout. Works on
 * pull points of WS-BaseNotification too.
 */
export async function pullMessages({ timeoutMs, maximum }: PullMessagesRequest, call: Call): Promise<ReplyBody> {
  const { engine, resource } = addressedResource(call);
  const waitMs = Math.max(0, Math.min(timeoutMs, MAX_WAIT_MS) - call.waitedMs);
  await keepAlive(call, engine, resource, waitMs + timeoutMs);
  const {
    messages,
    gaps = [],
    ...termination
  } = await ask(call, engine, 'pullMessages', { resource, maximum, waitMs });
  call.replyHeaders.push(...gaps.map(gapHeader));
  const outgoing = messages.map(({ subscription, dialect, ...notification }) => ({
    notification,
    ...(dialect === undefined ? {} : { dialect }),
    // Of a subscription that is its own pull point the client knows the reference: it has sent the request there.
    ...(subscription === undefined || subscription === resource
      ? {}
      : { subscription: affinityReference(call.publicUrl, 'SubscriptionManager', engine.name, subscription) }),
  }));
  return encodePullMessagesReply(termination, outgoing);
}

/** SetSynchronizationPoint (ONVIF Core §9.1): the current message of each topic comes once more. */
export async function setSynchronizationPoint(call: Call): Promise<ReplyBody> {
  const { engine, resource: subscription } = addressedResource(call);
  await ask(call, engine, 'synchronize', { subscription });
  return encodeSetSynchronizationPointReply();
}

/**
 * Polling keeps a subscription alive: when the poll returns it has to be there for the poll's Timeout at least, and it must
 * not end while the poll waits. So it is renewed before, where it would end earlier; never to less than it has.
 */
async function keepAlive(call: Call, engine: Engine, resource: string, forMs: number): Promise<void> {
  const description = await ask(call, engine, 'describe', { resource });
  if (description.kind !== 'subscription') return;
  const { terminationTime, currentTime } = description;
  const at = currentTime + forMs;
  if (terminationTime === null || terminationTime >= at) return;
  await ask(call, engine, 'renew', { subscription: resource, termination: { kind: 'absolute', at } });
}
