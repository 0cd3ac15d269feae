import type { XmlElement } from '../../xml/document.ts';
import type { ElementName } from '../operations.ts';
import { TDS_NAMESPACE, TEV_NAMESPACE } from './namespaces.ts';

/** The operations of ONVIF's event service, and those of its device service that lead a client to it. */
export type OnvifOperation =
  | 'CreatePullPointSubscription'
  | 'PullMessages'
  | 'Seek'
  | 'SetSynchronizationPoint'
  | 'GetEventProperties'
  | 'GetEventServiceCapabilities'
  | 'GetSystemDateAndTime'
  | 'GetCapabilities'
  | 'GetServices'
  | 'GetDeviceServiceCapabilities'
  | 'GetDeviceInformation';

/** How an operation of ONVIF looks on the wire. All have a reply. */
export interface OnvifOperationSpec {
  readonly request: ElementName;
  readonly reply: ElementName;
  /** The action of the request. */
  readonly action: string;
  readonly replyAction: string;
  /** What real clients send instead of `action`. Accepted, never emitted. */
  readonly aliases: readonly string[];
}

/**
 * The actions are those of ONVIF's WSDL, or its default pattern. npm's onvif and many others put namespace and name of the
 * body into the Content-Type, as the SOAPAction of the device service has it; others send the bare name.
 */
function spec(namespace: string, portType: string, name: string): OnvifOperationSpec {
  return {
    request: { namespace, localName: name },
    reply: { namespace, localName: `${name}Response` },
    action: `${namespace}/${portType}/${name}Request`,
    replyAction: `${namespace}/${portType}/${name}Response`,
    aliases: [`${namespace}/${name}`, `${namespace}/${portType}/${name}`, `${namespace}/${name}Request`, name],
  };
}

/** Every operation of ONVIF that is known here. Seek is answered by a fault: nothing is kept behind what was pulled. */
export const ONVIF_OPERATIONS = {
  CreatePullPointSubscription: spec(TEV_NAMESPACE, 'EventPortType', 'CreatePullPointSubscription'),
  PullMessages: spec(TEV_NAMESPACE, 'PullPointSubscription', 'PullMessages'),
  Seek: spec(TEV_NAMESPACE, 'PullPointSubscription', 'Seek'),
  SetSynchronizationPoint: spec(TEV_NAMESPACE, 'PullPointSubscription', 'SetSynchronizationPoint'),
  GetEventProperties: spec(TEV_NAMESPACE, 'EventPortType', 'GetEventProperties'),
  GetEventServiceCapabilities: spec(TEV_NAMESPACE, 'EventPortType', 'GetServiceCapabilities'),
  GetSystemDateAndTime: spec(TDS_NAMESPACE, 'Device', 'GetSystemDateAndTime'),
  GetCapabilities: spec(TDS_NAMESPACE, 'Device', 'GetCapabilities'),
  GetServices: spec(TDS_NAMESPACE, 'Device', 'GetServices'),
  GetDeviceServiceCapabilities: spec(TDS_NAMESPACE, 'Device', 'GetServiceCapabilities'),
  GetDeviceInformation: spec(TDS_NAMESPACE, 'Device', 'GetDeviceInformation'),
} as const satisfies Record<OnvifOperation, OnvifOperationSpec>;

/** True for a body that is meant for ONVIF's event or device service, whether its operation is known here or not. */
export function isOnvifRequest(body: XmlElement): boolean {
  return body.namespace === TEV_NAMESPACE || body.namespace === TDS_NAMESPACE;
}

/** The operation whose request this element is. */
export function onvifOperationOf({ namespace, localName }: ElementName): OnvifOperation | undefined {
  return BY_REQUEST.get(`{${namespace}}${localName}`);
}

/** True if a request of that operation may state that action: its own or, unless `strict`, one of the aliases. */
export function acceptsOnvifAction(operation: OnvifOperation, action: string, strict = false): boolean {
  const { action: own, aliases } = ONVIF_OPERATIONS[operation];
  return action === own || (!strict && aliases.includes(action));
}

const BY_REQUEST: ReadonlyMap<string, OnvifOperation> = new Map(
  (Object.keys(ONVIF_OPERATIONS) as OnvifOperation[]).map((name) => {
    const { namespace, localName } = ONVIF_OPERATIONS[name].request;
    return [`{${namespace}}${localName}`, name];
  }),
);
