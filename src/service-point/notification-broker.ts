import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { affinityOfPath, affinityReference } from '../soap/affinity.ts';
import type { GetCurrentMessageRequest } from '../wsn/codec.ts';
import type { NotifyRequest } from '../wsn/decode-notify.ts';
import type { SubscribeRequest } from '../wsn/decode-subscribe.ts';
import { dsubPolicy } from '../wsn/dsub.ts';
import { WsnFault } from '../wsn/faults.ts';
import { rawCannotBePulled } from '../wsn/filters/policy.ts';
import { isOwnEcho, passedOn, sendingTopology, topologyName } from '../wsn/loop.ts';
import type { Consumer, Notification } from '../wsn/messages.ts';
import { encodeGetCurrentMessageReply, encodeSubscribeReply } from '../wsn/replies.ts';
import { addressedResource, ask, askAll, engineForInitial, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/** Subscribe (WS-BaseNotification §4.1). A pull point as consumer binds the subscription to the pull point's engine. */
export async function subscribe(request: SubscribeRequest, call: Call): Promise<ReplyBody> {
  const pullPoint = ownPullPoint(request.consumer, call.publicUrl);
  const engine =
    pullPoint === undefined
      ? engineForInitial(call)
      : addressedResource({ ...call, affinity: { engine: pullPoint.engine, resource: pullPoint.resource } }).engine;
  const consumer: Consumer =
    pullPoint === undefined
      ? { kind: 'push', reference: request.consumer, soapVersion: call.message.version }
      : { kind: 'pull', pullPoint: pullPoint.resource };
  const { filter, termination } = request;
  if (consumer.kind === 'pull' && request.policy.useRaw === true) throw rawCannotBePulled();
  const policy = call.conduct.profiles.dsub ? dsubPolicy(filter, request.policy) : request.policy;
  const granted = await ask(call, engine, 'subscribe', { consumer, filter, policy, termination });
  const reference = affinityReference(call.publicUrl, 'SubscriptionManager', engine.name, granted.subscription);
  return encodeSubscribeReply(reference, granted);
}

/**
 * Notify (§3.1): one way. Sent to a pull point's address, the messages are for that pull point; to the ConsumerReference of
 * a registration, they come from its publisher.
 */
export async function notify(request: NotifyRequest, call: Call): Promise<undefined> {
  const messages = withoutEchoes(request.messages, call);
  // All were echoes: a fault would make their sender repeat them for ever.
  if (messages.length === 0) return undefined;
  if (call.affinity.resource === undefined) {
    await ask(call, engineForInitial(call), 'notify', { messages });
  } else {
    const { engine, resource } = addressedResource(call);
    await ask(call, engine, 'notify', { messages, resource });
  }
  return undefined;
}

/**
 * The messages that did not come from this topology before, with what they have passed. What is sent to a pull point is passed
 * on by nobody, so it makes no loop.
 */
function withoutEchoes(messages: readonly Notification[], { message, path, publicUrl }: Call): readonly Notification[] {
  if (path.startsWith('/wsn/PullPoint/')) return messages;
  const own = topologyName(publicUrl);
  const sender = sendingTopology(message.blocks);
  const fresh = messages.filter((one) => !isOwnEcho(one, sender, own));
  if (sender === undefined) return fresh;
  return fresh.map((one) => passedOn(one, [sender, own], `${sender}/wsn/NotificationBroker`));
}

/** GetCurrentMessage (§4.2): asks every engine of the bus; the latest wins. */
export async function getCurrentMessage(request: GetCurrentMessageRequest, call: Call): Promise<ReplyBody> {
  const answers = await askAll(call, 'currentMessage', { topic: request.topic }, (found) =>
    found.some((answer) => answer.found !== undefined),
  );
  let latest: { readonly at: number; readonly message: Uint8Array } | undefined;
  for (const { found } of answers) {
    if (found !== undefined && (latest === undefined || found.at > latest.at)) latest = found;
  }
  if (latest !== undefined) return encodeGetCurrentMessageReply(latest.message);
  throw new WsnFault('NoCurrentMessageOnTopicFault', `No message has been published on the topic ${request.topic}`);
}

/**
 * The pull point that a consumer reference names, if it is one of this broker. This broker itself is refused, also where the
 * reference is that of a publisher's registration: a loop.
 */
function ownPullPoint(
  consumer: EndpointReference,
  publicUrl: string,
): { readonly engine: string; readonly resource: string } | undefined {
  if (!URL.canParse(consumer.address)) return undefined;
  const address = new URL(consumer.address);
  if (address.origin !== new URL(publicUrl).origin) return undefined;
  const { engine, resource } = affinityOfPath(address.pathname);
  if (engine !== undefined && resource !== undefined && address.pathname.startsWith('/wsn/PullPoint/')) {
    return { engine, resource };
  }
  throw new WsnFault(
    'SubscribeCreationFailedFault',
    `The ConsumerReference is this broker itself (found "${consumer.address}", expected a consumer or a pull point)`,
  );
}
