import { affinityReference } from '../soap/affinity.ts';
import type { GetMessagesRequest } from '../wsn/codec.ts';
import { dsubMaximum } from '../wsn/dsub.ts';
import { gapHeader } from '../wsn/gap-header.ts';
import { encodeGetMessagesReply } from '../wsn/notify.ts';
import { encodeDestroyPullPointReply } from '../wsn/replies.ts';
import { addressedResource, ask, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/** GetMessages (WS-BaseNotification §5.2.1): at most MaximumNumber messages, at once, and never again. */
export async function getMessages(request: GetMessagesRequest, call: Call): Promise<ReplyBody> {
  const { engine, resource: pullPoint } = addressedResource(call);
  const maximum = call.conduct.profiles.dsub ? dsubMaximum(request.maximum) : request.maximum;
  const { messages, gaps = [] } = await ask(call, engine, 'getMessages', {
    pullPoint,
    ...(maximum === undefined ? {} : { maximum }),
  });
  call.replyHeaders.push(...gaps.map(gapHeader));
  return encodeGetMessagesReply(
    messages.map(({ subscription, dialect, ...notification }) => ({
      notification,
      ...(dialect === undefined ? {} : { dialect }),
      ...(subscription === undefined
        ? {}
        : {
            subscription: affinityReference(call.publicUrl, 'SubscriptionManager', engine.name, subscription),
          }),
    })),
  );
}

/** DestroyPullPoint (§5.2.2). */
export async function destroyPullPoint(call: Call): Promise<ReplyBody> {
  const { engine, resource: pullPoint } = addressedResource(call);
  await ask(call, engine, 'destroyPullPoint', { pullPoint });
  return encodeDestroyPullPointReply();
}
