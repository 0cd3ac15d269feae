import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { affinityOfPath, affinityReference } from '../soap/affinity.ts';
import { Deadline } from '../kernel/deadline.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { GetCurrentMessageRequest } from '../wsn/codec.ts';
import type { NotifyRequest } from '../wsn/decode-notify.ts';
import type { SubscribeRequest } from '../wsn/decode-subscribe.ts';
import { WsnFault } from '../wsn/faults.ts';
import type { Consumer } from '../wsn/messages.ts';
import { encodeGetCurrentMessageReply, encodeSubscribeReply } from '../wsn/replies.ts';
import { addressedResource, ask, engineForInitial, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/** How long one engine of the bus may take to say what its current message is. */
const CURRENT_MESSAGE_PATIENCE_MS = 2_000;

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
  const granted = await ask(call, engine, 'subscribe', { consumer, filter, termination });
  const reference = affinityReference(call.publicUrl, 'SubscriptionManager', engine.name, granted.subscription);
  return encodeSubscribeReply(reference, granted);
}

/** Notify (§3.1): one way. Sent to a pull point's address, the messages are for that pull point. */
export async function notify(request: NotifyRequest, call: Call): Promise<undefined> {
  const { messages } = request;
  if (call.affinity.resource === undefined) {
    await ask(call, engineForInitial(call), 'notify', { messages });
  } else {
    const { engine, resource } = addressedResource(call);
    await ask(call, engine, 'notify', { messages, resource });
  }
  return undefined;
}

/** GetCurrentMessage (§4.2): asks every engine of the bus; the latest wins. */
export async function getCurrentMessage(request: GetCurrentMessageRequest, call: Call): Promise<ReplyBody> {
  using deadline = new Deadline(CURRENT_MESSAGE_PATIENCE_MS, call.signal);
  const { signal } = deadline;
  const answers = await Promise.allSettled(
    call.engines.names().flatMap((name) => {
      const engine = call.engines.find(name);
      return engine?.execute('currentMessage', { topic: request.topic }, { requestId: '', signal }) ?? [];
    }),
  );
  let latest: { readonly at: number; readonly message: Uint8Array } | undefined;
  for (const answer of answers) {
    const found = answer.status === 'fulfilled' ? answer.value.found : undefined;
    if (found !== undefined && (latest === undefined || found.at > latest.at)) latest = found;
  }
  if (latest !== undefined) return encodeGetCurrentMessageReply(latest.message);
  if (answers.some(({ status }) => status === 'rejected')) {
    throw new InfrastructureError('unreachable', 'Not every engine could be asked for the current message', {
      processed: 'no',
    });
  }
  throw new WsnFault('NoCurrentMessageOnTopicFault', `No message has been published on the topic ${request.topic}`);
}

/** The pull point that a consumer reference names, if it is one of this broker. This broker itself is refused: a loop. */
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
