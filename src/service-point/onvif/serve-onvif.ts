import type { Clock } from '../../kernel/clock.ts';
import type { HttpFraming } from '../../soap/envelope.ts';
import type { Tolerance } from '../../soap/tolerance.ts';
import type { Conduct } from '../../topology/model.ts';
import { readFilter } from '../../wsn/decode-subscribe.ts';
import { readPolicy } from '../../wsn/filters/policy.ts';
import { decodeOnvifRequest } from '../../wsn/onvif/decode-onvif.ts';
import type { DeviceIdentity } from '../../wsn/onvif/device-replies.ts';
import type { EventCapacity } from '../../wsn/onvif/event-replies.ts';
import { ONVIF_OPERATIONS } from '../../wsn/onvif/operations.ts';
import { refuseDeviations } from '../../wsn/strictness.ts';
import type { XPath } from '../../xml/xpath/xpath.ts';
import type { Call } from '../call.ts';
import { topicSetOf } from '../described-resource.ts';
import type { ReplyBody } from '../reply-body.ts';
import { performOnvif } from './onvif-services.ts';

/** What ONVIF's services tell of this installation. */
export interface OnvifService {
  readonly identity: DeviceIdentity;
  readonly capacity: EventCapacity;
}

interface Surroundings {
  readonly xpath: XPath;
  readonly conduct: Conduct;
  readonly onvif: OnvifService;
  readonly tolerance: Tolerance;
  readonly clock: Clock;
}

/** Serves a request of ONVIF's event or device service. The body of the reply and its action. */
export async function serveOnvif(
  call: Call,
  framing: HttpFraming,
  { xpath, conduct, onvif, tolerance, clock }: Surroundings,
): Promise<{ readonly action: string; readonly body: ReplyBody }> {
  const { message } = call;
  refuseDeviations(message, framing, { tolerance, isOneWay: false });
  const request = decodeOnvifRequest(message, framing, {
    readFilter: (element) => readFilter(element, { xpath, dsub: false }),
    readPolicy,
    strict: conduct.strict,
  });
  const body = await performOnvif(request, call, {
    clock,
    ...onvif,
    topicSet: topicSetOf,
    hasFixedTopics: call.topics.fixed,
  });
  return { action: ONVIF_OPERATIONS[request.operation].replyAction, body };
}
