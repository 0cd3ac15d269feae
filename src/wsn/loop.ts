import { memoized } from '../kernel/memo.ts';
import { writeEndpointReference } from '../soap/addressing.ts';
import { WSA_NAMESPACE } from '../soap/addressing-names.ts';
import { trimmed } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { readXml } from '../xml/reader.ts';
import { escapeText } from '../xml/writer.ts';
import type { Notification } from './messages.ts';
import { WSNT_NAMESPACE } from './namespaces.ts';

/** The namespace of the Delivery header of a Notify, and of the path within a ProducerReference. */
export const DELIVERY_NAMESPACE = 'urn:pointsman:delivery';

/** A notification that has passed more topologies than this is taken for an echo. */
const MAX_PASSED = 16;
/** Characters of one name in a path; a longer one is passed over. */
const MAX_NAME = 2_048;

/**
 * The name of a topology in paths: its `publicUrl` without trailing slashes, scheme and host in lower case, default ports left
 * out. Two topologies that reach each other cannot have the same. The text itself for what is no URL.
 */
export const topologyName = memoized((publicUrl) =>
  (URL.canParse(publicUrl) ? new URL(publicUrl).href : publicUrl).replace(/(?<!\/)\/+$/, ''),
);

/** The topology that sent a Notify: the attribute `topology` of its header d:Delivery; undefined: it was none of ours. */
export function sendingTopology(blocks: readonly XmlElement[]): string | undefined {
  const name = trimmed(
    blocks.find((block) => block.is(DELIVERY_NAMESPACE, 'Delivery'))?.attribute('', 'topology') ?? '',
  );
  return name === '' || name.length > MAX_NAME || /[\t\n\r ]/.test(name) ? undefined : topologyName(name);
}

/**
 * True: this notification was published or passed on by the topology `own` before, or by too many; whoever passes it on makes
 * a loop. `own` and `sender` are topology names (`sendingTopology`). Not for what is sent to a pull point, which passes nothing on.
 */
export function isOwnEcho(notification: Notification, sender: string | undefined, own: string): boolean {
  if (sender === own) return true;
  const { producer } = notification;
  if (
    producer === undefined ||
    !(producer.includes(DELIVERY_NAMESPACE) || producer.toLowerCase().includes(hostOf(own)))
  )
    return false;
  const root = readXml(Buffer.from(producer, 'utf8')).root;
  const address = trimmed(root.child(WSA_NAMESPACE, 'Address')?.text() ?? '');
  if (URL.canParse(address) && new URL(address).href.startsWith(`${own}/wsn/`)) return true;
  const passed = passedIn(root);
  return passed.includes(own) || passed.length > MAX_PASSED;
}

/**
 * The notification with the topologies of `names` at the end of the path in its ProducerReference, where it stays for as long as the
 * notification exists, on every broker that leaves the reference whole. One without a ProducerReference gets one that says
 * `address`: who it was received from.
 */
export function passedOn(notification: Notification, names: readonly string[], address: string): Notification {
  const path = `<d:Path xmlns:d="${DELIVERY_NAMESPACE}">${names.map(escapeText).join(' ')}</d:Path>`;
  const producer = notification.producer ?? newReference(address);
  // The element is complete, so what ends last is the element itself; extensions come last in an endpoint reference.
  const end = producer.lastIndexOf('</');
  return { ...notification, producer: producer.slice(0, end) + path + producer.slice(end) };
}

function newReference(address: string): string {
  const name = 'wsnt:ProducerReference';
  const declared = `${name} xmlns:wsnt="${WSNT_NAMESPACE}" xmlns:wsa="${WSA_NAMESPACE}"`;
  return writeEndpointReference(name, { address, referenceParameters: [] }).replace(name, declared);
}

function passedIn(reference: XmlElement): readonly string[] {
  return reference
    .children()
    .filter((child) => child.is(DELIVERY_NAMESPACE, 'Path'))
    .flatMap((path) => trimmed(path.text()).split(/[\t\n\r ]+/))
    .filter((name) => name !== '' && name.length <= MAX_NAME)
    .map(topologyName);
}

function hostOf(name: string): string {
  return URL.canParse(name) ? new URL(name).host : name;
}
