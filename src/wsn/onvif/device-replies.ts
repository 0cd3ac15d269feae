import { escapeText } from '../../xml/writer.ts';
import { formatDateTime } from '../date-time.ts';
import { TDS_NAMESPACE, TEV_NAMESPACE, TT_NAMESPACE } from './namespaces.ts';

/** Who the device is: shown to everybody who asks. */
export interface DeviceIdentity {
  readonly firmwareVersion: string;
  readonly serialNumber: string;
}

/** Where the services are: absolute URLs. */
export interface ServiceAddresses {
  readonly device: string;
  readonly events: string;
}

/** The paths of the two services below the public URL, where ONVIF clients look for them. */
export const ONVIF_PATHS = { device: '/onvif/device_service', events: '/onvif/event_service' } as const;

/** The version of ONVIF's specifications that the services follow, as GetServices states it. */
const VERSION = '<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>';

/** A tds:GetSystemDateAndTimeResponse: the time is in UTC, from somewhere else than this service. */
export function encodeGetSystemDateAndTimeReply(now: number): string {
  const [year, month, day, hour, minute, second] = (formatDateTime(now).match(/\d+/g) ?? []).map(Number);
  const time = `<tt:Time><tt:Hour>${hour}</tt:Hour><tt:Minute>${minute}</tt:Minute><tt:Second>${second}</tt:Second></tt:Time>`;
  const date = `<tt:Date><tt:Year>${year}</tt:Year><tt:Month>${month}</tt:Month><tt:Day>${day}</tt:Day></tt:Date>`;
  return response(
    'GetSystemDateAndTime',
    '<tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>' +
      `<tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone><tt:UTCDateTime>${time}${date}</tt:UTCDateTime></tds:SystemDateAndTime>`,
  );
}

/** A tds:GetCapabilitiesResponse with those of these services that are asked for. */
export function encodeGetCapabilitiesReply(addresses: Partial<ServiceAddresses>): string {
  const device = addresses.device === undefined ? '' : `<tt:Device>${xAddr('tt', addresses.device)}</tt:Device>`;
  const events =
    addresses.events === undefined
      ? ''
      : `<tt:Events>${xAddr('tt', addresses.events)}<tt:WSSubscriptionPolicySupport>true</tt:WSSubscriptionPolicySupport>` +
        '<tt:WSPullPointSupport>true</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>true' +
        '</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>';
  return response('GetCapabilities', `<tds:Capabilities>${device}${events}</tds:Capabilities>`);
}

/** A tds:GetServicesResponse. `eventCapabilities`: the tev:Capabilities element, if capabilities are asked for. */
export function encodeGetServicesReply(addresses: ServiceAddresses, eventCapabilities?: string): string {
  const service = (namespace: string, address: string, capabilities?: string): string => {
    const included = capabilities === undefined ? '' : `<tds:Capabilities>${capabilities}</tds:Capabilities>`;
    const named = `<tds:Namespace>${namespace}</tds:Namespace>${xAddr('tds', address)}`;
    return `<tds:Service>${named}${included}${VERSION}</tds:Service>`;
  };
  const deviceCapabilities = eventCapabilities === undefined ? undefined : DEVICE_CAPABILITIES;
  const device = service(TDS_NAMESPACE, addresses.device, deviceCapabilities);
  return response('GetServices', device + service(TEV_NAMESPACE, addresses.events, eventCapabilities));
}

/** The device itself can do nothing: every capability is optional, but their three groups are not. */
const DEVICE_CAPABILITIES = '<tds:Capabilities><tds:Network/><tds:Security/><tds:System/></tds:Capabilities>';

/** A tds:GetServiceCapabilitiesResponse of the device service. */
export function encodeGetDeviceServiceCapabilitiesReply(): string {
  return response('GetServiceCapabilities', DEVICE_CAPABILITIES);
}

/** A tds:GetDeviceInformationResponse. */
export function encodeGetDeviceInformationReply({ firmwareVersion, serialNumber }: DeviceIdentity): string {
  const values = {
    Manufacturer: 'Pointsman',
    Model: 'WS-Notification broker',
    FirmwareVersion: firmwareVersion,
    SerialNumber: serialNumber,
    HardwareId: 'none',
  };
  const elements = Object.entries(values).map(([name, value]) => `<tds:${name}>${escapeText(value)}</tds:${name}>`);
  return response('GetDeviceInformation', elements.join(''));
}

function xAddr(prefix: 'tds' | 'tt', address: string): string {
  return `<${prefix}:XAddr>${escapeText(address)}</${prefix}:XAddr>`;
}

function response(name: string, content: string): string {
  return `<tds:${name}Response xmlns:tds="${TDS_NAMESPACE}" xmlns:tt="${TT_NAMESPACE}">${content}</tds:${name}Response>`;
}
