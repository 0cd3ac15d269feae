import { afterAll, describe, expect, it } from 'vitest';
import type { Filter, FilterExpression } from '../../../src/wsn/messages.ts';
import { FULL_DIALECT, XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { XPathSandbox } from '../../../src/xml/xpath/sandbox.ts';
import { EngineHost, filterOf, textsOf } from './test-engine.ts';

/** As in a server: in a thread of its own, with its bounds. */
const xpath = new XPathSandbox({ startMs: 60_000, limitMs: 10_000 });
afterAll(async () => xpath.dispose());

const expression = (text: string): FilterExpression => ({ dialect: XPATH_DIALECT, text, namespaces: { p: 'urn:p' } });

async function subscribe(host: EngineHost, filter: Filter): Promise<string> {
  const { subscription } = await host.execute('subscribe', {
    consumer: { kind: 'push', reference: { address: 'http://consumer/', referenceParameters: [] }, soapVersion: '1.2' },
    filter,
    termination: { kind: 'absent' },
  });
  return subscription;
}

/** Publishes payloads with a value. */
async function publish(host: EngineHost, topic: string, ...values: readonly number[]): Promise<void> {
  const messages = values.map((value) => ({
    topic,
    message: Buffer.from(`<w:Message xmlns:w="urn:w"><p:Reading xmlns:p="urn:p" value="${value}"/></w:Message>`),
  }));
  await host.execute('notify', { messages });
}

async function delivered(host: EngineHost, subscription: string): Promise<string[]> {
  const claim = await host.claim(subscription);
  claim?.settle('delivered');
  return claim === undefined ? [] : textsOf(claim).map((text) => /value="(\d+)"/.exec(text)?.[1] ?? text);
}

describe('a filter on content', () => {
  it('lets through what is true of the payload, as it is published and as it is read again after a crash', async () => {
    const host = new EngineHost({ xpath });
    await host.start();
    const many = await subscribe(host, { ...filterOf('a'), contents: [expression('/p:Reading/@value > 10')] });
    const none = await subscribe(host, { ...filterOf('a'), contents: [expression('/p:Other')] });
    const both = await subscribe(host, {
      topics: [],
      contents: [expression('//@value > 10'), expression('//@value < 30')],
    });
    await publish(host, 'a', 5, 20, 40);
    await publish(host, 'b', 25);
    await host.restart();
    expect(await delivered(host, many)).toEqual(['20', '40']);
    expect(await delivered(host, none)).toEqual([]);
    expect(await delivered(host, both)).toEqual(['20', '25']);
    await publish(host, 'a', 11, 9);
    expect(await delivered(host, many)).toEqual(['11']);
  });

  it('goes on behind a full queue, with nothing lost and nothing added', async () => {
    const host = new EngineHost({ xpath, limits: { queueLength: 4 } });
    await host.start();
    const even = await subscribe(host, { topics: [], contents: [expression('//@value mod 2 = 0')] });
    const values = Array.from({ length: 60 }, (_, index) => index);
    for (const value of values) await publish(host, 'a', value);
    const all: string[] = [];
    for (let some = await delivered(host, even); some.length > 0; some = await delivered(host, even)) all.push(...some);
    expect(all).toEqual(values.filter((value) => value % 2 === 0).map(String));
  });

  it('on the producer is asked of the broker’s own properties', async () => {
    const host = new EngineHost({ xpath });
    await host.start();
    const open = await subscribe(host, { topics: [], producerProperties: [expression('/p:Broker/p:Fixed = "false"')] });
    const fixed = await subscribe(host, { topics: [], producerProperties: [expression('/p:Broker/p:Fixed = "true"')] });
    await publish(host, 'a', 1);
    expect(await delivered(host, open)).toEqual(['1']);
    expect(await delivered(host, fixed)).toEqual([]);
  });

  it('of a stored query lets through what names it, or names none', async () => {
    const host = new EngineHost({ xpath });
    await host.start();
    const queried = await subscribe(host, { topics: [], queries: [{ id: 'urn:uuid:1', element: '<q/>' }] });
    const rim = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';
    const named = (id: string): Buffer =>
      Buffer.from(`<w:Message xmlns:w="urn:w"><a><r:AdhocQuery xmlns:r="${rim}" id="${id}"/></a></w:Message>`);
    await host.execute('notify', { messages: [{ message: named('urn:uuid:2') }, { message: named('urn:uuid:1') }] });
    await publish(host, 'a', 7);
    expect(await delivered(host, queried)).toEqual([expect.stringContaining('urn:uuid:1'), '7']);
  });
});

describe('a filter on a topic and a stored query', () => {
  it('lets through what is published without a topic if it names the query, and what comes on the topic', async () => {
    const host = new EngineHost({ xpath });
    await host.start();
    const filter = { ...filterOf('a'), queries: [{ id: 'urn:uuid:1', element: '<q/>' }] };
    const queried = await subscribe(host, filter);
    const rim = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';
    const named = (id: string): Buffer =>
      Buffer.from(`<w:Message xmlns:w="urn:w"><a><r:AdhocQuery xmlns:r="${rim}" id="${id}"/></a></w:Message>`);
    const other = Buffer.from('<w:Message xmlns:w="urn:w"><a/></w:Message>');
    await host.execute('notify', {
      messages: [{ message: named('urn:uuid:1') }, { message: named('urn:uuid:2') }, { message: other }],
    });
    await publish(host, 'a', 7);
    await publish(host, 'b', 8);
    await host.restart();
    expect(await delivered(host, queried)).toEqual([expect.stringContaining('urn:uuid:1'), '7']);
    expect(host.engine.links.interestSince(undefined)).toMatchObject({ everything: true });
    await host.execute('unsubscribe', { subscription: queried });
    expect(host.engine.links.interestSince(undefined)).toMatchObject({ everything: false });
  });
});

describe('a filter on topics', () => {
  it('with wildcards covers topics that come later; XPath sees the set as it has grown', async () => {
    const host = new EngineHost({ xpath });
    await host.start();
    const full = await subscribe(host, {
      topics: [{ dialect: FULL_DIALECT, text: 't:a//.', namespaces: { t: 'urn:t' } }],
    });
    const siblings = { dialect: XPATH_DIALECT, text: 't:a/*[../x]', namespaces: { t: 'urn:t' } };
    const evaluated = await subscribe(host, { topics: [siblings] });
    await publish(host, '{urn:t}a/b', 1);
    expect(await delivered(host, full)).toEqual(['1']);
    expect(await delivered(host, evaluated)).toEqual([]);
    await publish(host, '{urn:t}a/x', 2);
    await publish(host, '{urn:t}a/b', 3);
    await host.restart();
    expect(await delivered(host, full)).toEqual(['2', '3']);
    expect((await delivered(host, evaluated)).filter((value) => value !== '1')).toEqual(['2', '3']);
  });

  it('with several expressions lets through what all of them select', async () => {
    const host = new EngineHost({ xpath });
    await host.start();
    const several = await subscribe(host, {
      topics: [...filterOf('a').topics, { dialect: FULL_DIALECT, text: '*', namespaces: {} }],
    });
    await publish(host, 'a', 1);
    await publish(host, 'b', 2);
    expect(await delivered(host, several)).toEqual(['1']);
  });
});
