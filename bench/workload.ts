import type { Consumer, Filter, TopicExpression } from '../src/wsn/messages.ts';
import {
  CONCRETE_DIALECT,
  CONCRETE_SET_DIALECT,
  FULL_DIALECT,
  SIMPLE_DIALECT,
  XPATH_DIALECT,
} from '../src/wsn/topics/dialects.ts';

const PLANT = 'urn:example:plant';
const READING = 'urn:example:reading';
const SITES = 20;
const LINES = 10;
const MEASURES = ['temperature', 'pressure', 'alarm', 'state', 'speed', 'power', 'flow', 'level', 'weight', 'count'];

/** The topics that notifications are on: every site is a root topic, with the measures of its lines below. */
export const TOPICS: readonly string[] = Array.from({ length: SITES }, (_, site) => {
  const root = `{${PLANT}}site${site}`;
  const leaves = Array.from({ length: LINES }, (_one, line) => MEASURES.map((name) => `${root}/line${line}/${name}`));
  return [root, ...leaves.flat()];
}).flat();

/** A notification message of some five hundred bytes. */
export const MESSAGE: Uint8Array = Buffer.from(
  `<wsnt:Message xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"><r:Reading xmlns:r="${READING}">` +
    `<r:value>500</r:value><r:remark>${'all is well '.repeat(25)}</r:remark></r:Reading></wsnt:Message>`,
);

/** What a subscription asks for, to which `name` belongs to tell its topic from those of others. */
interface Wanted {
  readonly site: number;
  readonly line: number;
  readonly name: string;
}

/** In 20 subscriptions: 8 Concrete, 4 Simple, 5 Full with wildcards, 2 ConcreteSet, 1 XPath that no pattern can replace. */
function expressionOf(index: number, { site, line, name }: Wanted, root: string): TopicExpression {
  const kind = index % 20;
  const place = `t:site${site}/line${line}`;
  const said = (dialect: string, text: string): TopicExpression => ({ dialect, text, namespaces: { t: PLANT } });
  if (kind < 8) return said(CONCRETE_DIALECT, `${place}/${name}`);
  if (kind < 12) return said(SIMPLE_DIALECT, `t:${root}`);
  if (kind === 12) return said(FULL_DIALECT, `t:site${site}//${name}`);
  if (kind === 13) return said(FULL_DIALECT, `t:*/line${line}/${name}`);
  if (kind < 17) return said(FULL_DIALECT, `t:site${site}/*/${name}`);
  if (kind < 19)
    return said(CONCRETE_SET_DIALECT, `${place}/${name}//.|t:site${(site + 1) % SITES}/line${line}/${name}`);
  return said(XPATH_DIALECT, `t:site${site}/line${line}[alarm]/${name}`);
}

function placeOf(index: number): { readonly site: number; readonly line: number; readonly measure: number } {
  // A block of 20 for each leaf of the tree, in an order that spreads few over all sites.
  const leaf = Math.floor(index / 20) * 37 + (index % 20) * 211;
  return { site: leaf % SITES, line: Math.floor(leaf / SITES) % LINES, measure: Math.floor(leaf / SITES / LINES) % 10 };
}

/** The filter of the n-th subscription; one in a hundred looks into the message, too, and half of those let it pass. */
export function mixedFilter(index: number): Filter {
  const { site, line, measure } = placeOf(index);
  const name = MEASURES[measure] ?? '';
  const topics = [expressionOf(index, { site, line, name }, `site${site}`)];
  return index % 100 === 3 ? { topics, contents: [contentExpression(index)] } : { topics };
}

/**
 * The filter of the n-th subscription that no notification passes, of the same mix. Its topic differs from one that there
 * is in nothing but the last step, so that it is not sorted out by its beginning.
 */
export function missingFilter(index: number): Filter {
  const { site, line } = placeOf(index);
  return { topics: [expressionOf(index, { site, line, name: `none${index}` }, `none${index}`)] };
}

/** The n-th filter of those that all have the same topic, and each an expression of its own over the message. */
export function contentFilter(index: number): Filter {
  const topics = [{ dialect: CONCRETE_DIALECT, text: 't:site0/line0/temperature', namespaces: { t: PLANT } }];
  return { topics, contents: [contentExpression(index)] };
}

/** An XPath that may select every topic, and has to be evaluated again for each that is new. */
export function askingFilter(): Filter {
  return { topics: [{ dialect: XPATH_DIALECT, text: '//*[starts-with(name(), "new")]', namespaces: {} }] };
}

/** The topic of `contentFilter`. */
export const CONTENT_TOPIC = `{${PLANT}}site0/line0/temperature`;

/** A topic that nobody has used before. */
export function newTopic(index: number): string {
  return `{${PLANT}}site${index % SITES}/line${index % LINES}/new${index}`;
}

/** Where the notifications of the n-th subscription go. */
export function consumerOf(index: number): Consumer {
  const address = `http://consumer-${index % 500}.example.net:8080/notify/${index}`;
  return { kind: 'push', reference: { address, referenceParameters: [] }, soapVersion: '1.2' };
}

function contentExpression(index: number): TopicExpression {
  const text = `/r:Reading/r:value > ${index % 2 === 0 ? 400 : 600}.${index}`;
  return { dialect: XPATH_DIALECT, text, namespaces: { r: READING } };
}
