import { InvariantError } from '../../kernel/errors.ts';
import { trimmed } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import { standalone } from '../../xml/fragment.ts';
import { readXml } from '../../xml/reader.ts';
import type { ElementName } from '../element-name.ts';
import type { Filter } from '../messages.ts';
import { nameOf } from './element-names.ts';

/** The ebXML registry information model: what IHE's stored queries are made of. */
export const RIM_NAMESPACE = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';
export const ADHOC_QUERY = 'AdhocQuery';

/**
 * The payload of a notification as a document of its own, with every namespace that it may use: the context of
 * MessageContent. `message` is a wsnt:Message as a Notification has it.
 */
export function payloadOf(message: Uint8Array): Uint8Array {
  return Buffer.from(standalone(payloadElement(message)));
}

/** The name of the payload's root element. `message` as for `payloadOf`. */
export function payloadName(message: Uint8Array): ElementName {
  return nameOf(payloadElement(message));
}

function payloadElement(message: Uint8Array): XmlElement {
  const [payload] = readXml(message).root.children();
  if (payload === undefined) throw new InvariantError('Expected a payload element in a wsnt:Message, found none');
  return payload;
}

/**
 * Whether the stored queries of a filter let a payload through (IHE DSUB): the publisher, who evaluates them, says in a
 * rim:AdhocQuery of the payload which query it answers. A payload that says nothing of queries passes.
 */
export function queryMatches(filter: Filter, payload: Uint8Array): boolean {
  const queries = filter.queries ?? [];
  if (queries.length === 0 || !Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(ADHOC_QUERY)) {
    return true;
  }
  const answered = queryIds(readXml(payload).root);
  return answered.size === 0 || queries.every(({ id }) => answered.has(id));
}

/**
 * Whether the payload names every stored query of a filter that has some. IHE publishes metadata without a topic (ITI-54): to
 * name the query is then what a topic would have been.
 */
export function namesQueries({ queries = [] }: Filter, payload: Uint8Array): boolean {
  if (queries.length === 0) return false;
  const answered = queryIds(readXml(payload).root);
  return queries.every(({ id }) => answered.has(id));
}

function queryIds(root: XmlElement): ReadonlySet<string> {
  const ids = new Set<string>();
  const open = [root];
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    if (element.is(RIM_NAMESPACE, ADHOC_QUERY)) ids.add(trimmed(element.attribute('', 'id') ?? ''));
    open.push(...element.children());
  }
  return ids;
}
