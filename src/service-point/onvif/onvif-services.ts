import type { Clock } from '../../kernel/clock.ts';
import type { OnvifRequest } from '../../wsn/onvif/decode-onvif.ts';
import {
  encodeGetCapabilitiesReply,
  encodeGetDeviceInformationReply,
  encodeGetDeviceServiceCapabilitiesReply,
  encodeGetServicesReply,
  encodeGetSystemDateAndTimeReply,
  ONVIF_PATHS,
} from '../../wsn/onvif/device-replies.ts';
import type { DeviceIdentity, ServiceAddresses } from '../../wsn/onvif/device-replies.ts';
import {
  encodeGetEventPropertiesReply,
  encodeGetEventServiceCapabilitiesReply,
  eventCapabilities,
} from '../../wsn/onvif/event-replies.ts';
import type { EventCapacity } from '../../wsn/onvif/event-replies.ts';
import type { GetCapabilitiesRequest } from '../../wsn/onvif/decode-onvif.ts';
import { noSuchService, operationNotSupported } from '../../wsn/onvif/faults.ts';
import type { Call } from '../call.ts';
import type { ReplyBody } from '../reply-body.ts';
import { createPullPointSubscription, pullMessages, setSynchronizationPoint } from './pull-point-subscription.ts';

/** What the services of ONVIF tell beyond what the engines know. */
export interface OnvifOptions {
  readonly clock: Clock;
  readonly identity: DeviceIdentity;
  readonly capacity: EventCapacity;
  /** The topics of the whole bus: a complete wstop:TopicSet element. */
  readonly topicSet: (call: Call) => Promise<string>;
  /** No topic grows by use (FixedTopicSet). */
  readonly hasFixedTopics: boolean;
}

/** Performs a request of ONVIF's event or device service. Gives the first child of the reply's Body. */
export async function performOnvif(request: OnvifRequest, call: Call, options: OnvifOptions): Promise<ReplyBody> {
  const { version } = call.message;
  switch (request.operation) {
    case 'CreatePullPointSubscription':
      return createPullPointSubscription(request, call);
    case 'PullMessages':
      return pullMessages(request, call);
    case 'SetSynchronizationPoint':
      return setSynchronizationPoint(call);
    case 'Seek':
      throw operationNotSupported(version, 'Seek is not offered here: nothing is kept of what was pulled');
    case 'GetEventProperties':
      return encodeGetEventPropertiesReply(await options.topicSet(call), options.hasFixedTopics);
    case 'GetEventServiceCapabilities':
      return encodeGetEventServiceCapabilitiesReply(options.capacity);
    case 'GetSystemDateAndTime':
      return encodeGetSystemDateAndTimeReply(options.clock.now());
    case 'GetCapabilities':
      return getCapabilities(request, call);
    case 'GetServices': {
      const capabilities = request.includeCapability ? eventCapabilities(options.capacity) : undefined;
      return encodeGetServicesReply(addressesOf(call), capabilities);
    }
    case 'GetDeviceServiceCapabilities':
      return encodeGetDeviceServiceCapabilitiesReply();
    case 'GetDeviceInformation':
      return encodeGetDeviceInformationReply(options.identity);
  }
}

/** There are no services but these two. */
function getCapabilities({ categories }: GetCapabilitiesRequest, call: Call): string {
  const { device, events } = addressesOf(call);
  const isWanted = (category: 'Device' | 'Events'): boolean =>
    categories.length === 0 || categories.includes('All') || categories.includes(category);
  const wanted = { ...(isWanted('Device') ? { device } : {}), ...(isWanted('Events') ? { events } : {}) };
  if (Object.keys(wanted).length > 0) return encodeGetCapabilitiesReply(wanted);
  throw noSuchService(call.message.version, `Found ${categories.join(', ')}, expected All, Device or Events`);
}

function addressesOf({ publicUrl }: Call): ServiceAddresses {
  const base = publicUrl.replace(/\/+$/, '');
  return { device: base + ONVIF_PATHS.device, events: base + ONVIF_PATHS.events };
}
