import type { RenewRequest } from '../wsn/codec.ts';
import { encodePauseReply, encodeRenewReply, encodeResumeReply, encodeUnsubscribeReply } from '../wsn/replies.ts';
import { addressedResource, ask, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/** Renew (WS-BaseNotification §6.1.1). */
export async function renew(request: RenewRequest, call: Call): Promise<ReplyBody> {
  const { engine, resource: subscription } = addressedResource(call);
  return encodeRenewReply(await ask(call, engine, 'renew', { subscription, termination: request.termination }));
}

/** Unsubscribe (§6.1.2). */
export async function unsubscribe(call: Call): Promise<ReplyBody> {
  const { engine, resource: subscription } = addressedResource(call);
  await ask(call, engine, 'unsubscribe', { subscription });
  return encodeUnsubscribeReply();
}

/** PauseSubscription (§6.2.1). */
export async function pauseSubscription(call: Call): Promise<ReplyBody> {
  const { engine, resource: subscription } = addressedResource(call);
  await ask(call, engine, 'pause', { subscription });
  return encodePauseReply();
}

/** ResumeSubscription (§6.2.2). */
export async function resumeSubscription(call: Call): Promise<ReplyBody> {
  const { engine, resource: subscription } = addressedResource(call);
  await ask(call, engine, 'resume', { subscription });
  return encodeResumeReply();
}
