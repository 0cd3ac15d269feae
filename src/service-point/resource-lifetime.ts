import type { SetTerminationTimeRequest } from '../wsn/decode-set-termination-time.ts';
import { encodeDestroyReply, encodeSetTerminationTimeReply } from '../wsn/replies.ts';
import { addressedResource, ask, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/** Destroy (WS-ResourceLifetime §4.1): a subscription, a pull point or a registration. */
export async function destroy(call: Call): Promise<ReplyBody> {
  const { engine, resource } = addressedResource(call);
  await ask(call, engine, 'destroy', { resource });
  return encodeDestroyReply();
}

/** SetTerminationTime (WS-ResourceLifetime §5.2) of any of them. */
export async function setTerminationTime(request: SetTerminationTimeRequest, call: Call): Promise<ReplyBody> {
  const { engine, resource } = addressedResource(call);
  const { termination } = request;
  return encodeSetTerminationTimeReply(await ask(call, engine, 'setTermination', { resource, termination }));
}
