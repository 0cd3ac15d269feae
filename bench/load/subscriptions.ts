import type { FilterExpression } from '../../src/wsn/messages.ts';
import { escapeText } from '../../src/xml/writer.ts';
import { consumerOf, mixedFilter } from '../workload.ts';
import { load } from './client.ts';
import { soapPost, WSNT } from './request.ts';

const CONNECTIONS = 64;
const FAR_MS = 3_600_000;

/** Subscribes so many of the workload's mix, over HTTP; resolves when all are there. `url`: the origin of a server or proxy. */
export async function subscribeMany(url: string, count: number): Promise<void> {
  const { hostname: host, port } = new URL(url);
  const request = (index: number): Uint8Array => soapPost(`${url}/wsn/NotificationBroker`, bodyOf(index));
  const connections = Math.min(CONNECTIONS, count);
  const options = { host, port: Number(port), connections, durationMs: FAR_MS, most: count, request };
  const { count: answered, failed } = await load(options);
  if (failed > 0 || answered < count) throw new Error(`${failed} of ${answered} failed, expected ${count} to succeed`);
}

function bodyOf(index: number): string {
  const { topics, contents = [] } = mixedFilter(index);
  const consumer = consumerOf(index);
  const address = consumer.kind === 'push' ? consumer.reference.address : '';
  const reference = `<n:ConsumerReference><a:Address>${address}</a:Address></n:ConsumerReference>`;
  const expressions = [
    ...topics.map((topic) => expressionOf('TopicExpression', topic)),
    ...contents.map((content) => expressionOf('MessageContent', content)),
  ];
  return (
    `<n:Subscribe xmlns:n="${WSNT}" xmlns:a="http://www.w3.org/2005/08/addressing">` +
    `${reference}<n:Filter>${expressions.join('')}</n:Filter></n:Subscribe>`
  );
}

function expressionOf(name: string, { dialect, text, namespaces }: FilterExpression): string {
  const declared = Object.entries(namespaces).map(([prefix, namespace]) => ` xmlns:${prefix}="${namespace}"`);
  return `<n:${name}${declared.join('')} Dialect="${dialect}">${escapeText(text)}</n:${name}>`;
}
