import { encodeDestroyRegistrationReply } from '../wsn/replies.ts';
import { addressedResource, ask, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/** DestroyRegistration (WS-BrokeredNotification §5.1). */
export async function destroyRegistration(call: Call): Promise<ReplyBody> {
  const { engine, resource: registration } = addressedResource(call);
  await ask(call, engine, 'destroyRegistration', { registration });
  return encodeDestroyRegistrationReply();
}
