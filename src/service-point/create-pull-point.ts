import { affinityReference } from '../soap/affinity.ts';
import { encodeCreatePullPointReply } from '../wsn/replies.ts';
import { ask, engineForInitial, type Call } from './call.ts';
import type { ReplyBody } from './reply-body.ts';

/** CreatePullPoint (WS-BaseNotification §5.1.1). */
export async function createPullPoint(call: Call): Promise<ReplyBody> {
  const engine = engineForInitial(call);
  const { pullPoint } = await ask(call, engine, 'createPullPoint', {});
  return encodeCreatePullPointReply(affinityReference(call.publicUrl, 'PullPoint', engine.name, pullPoint));
}
