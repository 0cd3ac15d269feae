import { affinityReference } from '../soap/affinity.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import type { RegisterPublisherRequest } from '../wsn/decode-register-publisher.ts';
import { WsnFault } from '../wsn/faults.ts';
import { encodeRegisterPublisherReply } from '../wsn/replies.ts';
import { ask, engineForInitial, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/**
 * RegisterPublisher (WS-BrokeredNotification §4.3). A publisher that sends of its own gets an address of its own to send to:
 * all that comes there goes to one engine and stays in order. A publisher on demand gets none, the broker subscribes to it.
 */
export async function registerPublisher(request: RegisterPublisherRequest, call: Call): Promise<ReplyBody> {
  const { publisher, topics, demand, termination } = request;
  if (demand && publisher !== undefined) refuseOurselves(publisher, call.publicUrl);
  const engine = engineForInitial(call);
  const { registration } = await ask(call, engine, 'registerPublisher', {
    registration: {
      ...(publisher === undefined ? {} : { publisher }),
      topics,
      demand,
      soapVersion: call.message.version,
    },
    termination,
  });
  const referenceAt = (portType: string): EndpointReference =>
    affinityReference(call.publicUrl, portType, engine.name, registration);
  return encodeRegisterPublisherReply(
    referenceAt('PublisherRegistrationManager'),
    demand ? undefined : referenceAt('NotificationConsumer'),
  );
}

/** A broker that subscribes to itself would go on publishing the same for ever. */
function refuseOurselves({ address }: EndpointReference, publicUrl: string): void {
  if (!URL.canParse(address) || new URL(address).origin !== new URL(publicUrl).origin) return;
  throw new WsnFault(
    'PublisherRegistrationRejectedFault',
    `The PublisherReference is this broker itself (found "${address}", expected another NotificationProducer)`,
  );
}
