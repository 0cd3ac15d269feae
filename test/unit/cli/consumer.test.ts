import { expect, test } from 'vitest';
import { NotificationConsumer } from '../../../src/cli/consumer.ts';
import type { ReceivedNotification } from '../../../src/cli/messages.ts';
import { envelope } from './stub-broker.ts';

const S12 = 'http://www.w3.org/2003/05/soap-envelope';
const NOTIFY = '<w:Notify><w:NotificationMessage><w:Message><x>é</x></w:Message></w:NotificationMessage></w:Notify>';

/** A consumer that has started, and what it received. */
async function withConsumer(
  use: (url: string, received: ReceivedNotification[]) => Promise<void>,
  onNotification?: () => void,
): Promise<void> {
  const received: ReceivedNotification[] = [];
  const consumer = new NotificationConsumer({
    listen: { host: '127.0.0.1', port: 0 },
    onNotification: (notification) => {
      onNotification?.();
      received.push(notification);
    },
  });
  await consumer.start(new AbortController().signal);
  try {
    await use(consumer.url(), received);
  } finally {
    await consumer.stop(AbortSignal.abort());
  }
}

async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  type = 'text/xml; charset=utf-8',
): Promise<[number, string]> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': type } });
  return [response.status, await response.text()];
}

test('a Notify is accepted with 202 and without a body, at any path', async () => {
  await withConsumer(async (url, received) => {
    expect(await post(`${url}any/path?x`, envelope(S12, NOTIFY), 'application/soap+xml')).toEqual([202, '']);
    expect(received).toEqual([{ xml: '<x>é</x>' }]);
  });
});

test('the charset of the message counts', async () => {
  await withConsumer(async (url, received) => {
    const text = envelope(S12, NOTIFY);
    await post(url, new Uint8Array(Buffer.from(text, 'latin1')), 'text/xml; charset="ISO-8859-1"');
    await post(url, new Uint8Array(Buffer.from(`\uFEFF${text}`, 'utf16le')), 'text/xml');
    await post(url, text, 'text/xml; charset=unheard-of');
    expect(received.map(({ xml }) => xml)).toEqual(['<x>é</x>', '<x>é</x>', '<x>é</x>']);
  });
});

test.each([
  ['not XML', /not well-formed/],
  ['<a/>', /Expected a SOAP envelope/],
  [envelope(S12, ''), /body is empty/],
  [envelope(S12, '<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault>'), /Sender/],
])('%s is refused with 400', async (body, message) => {
  await withConsumer(async (url, received) => {
    const [status, text] = await post(url, body);
    expect([status, received]).toEqual([400, []]);
    expect(text).toMatch(message);
  });
});

test('what cannot be printed is not acknowledged', async () => {
  const fail = (): void => {
    throw new Error('The pipe is closed');
  };
  await withConsumer(async (url) => {
    expect((await post(url, envelope(S12, NOTIFY)))[0]).toBe(400);
  }, fail);
});

test('a GET is told what this is', async () => {
  await withConsumer(async (url) => {
    const response = await fetch(url);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });
});
