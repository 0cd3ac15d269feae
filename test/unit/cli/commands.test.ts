import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ExchangeError, SoapFaultError, describeFailure, exitCodeOf } from '../../../src/cli/failure.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { standalone } from '../../../src/xml/fragment.ts';
import { eventually } from '../../support/eventually.ts';
import { loadOfficialSchemas, type SchemaValidator } from '../../support/schema-validator.ts';
import { loadOurSchemas } from '../wsdl/our-schemas.ts';
import { RecordedIo, failureOf, run } from './io.ts';
import { StubBroker, envelope } from './stub-broker.ts';

const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const WSA = 'http://www.w3.org/2005/08/addressing';
const AFF = 'urn:pointsman:affinity';
const S11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const ourProblems = loadOurSchemas();
let official: SchemaValidator | undefined;

beforeAll(async () => {
  official = await loadOfficialSchemas();
});

/** Every request so far is what the standard asks for: schema, WS-Addressing headers, action. */
function expectProper(broker: StubBroker): void {
  for (const { root, body, path, headers, text } of broker.requests) {
    expect(ourProblems(standalone(body)), text).toEqual([]);
    expect(official?.validate(Buffer.from(text)) ?? [], text).toEqual([]);
    const header = root.child(root.namespace, 'Header')!;
    expect(header.child(WSA, 'To')?.text()).toBe(`${broker.url}${path}`);
    expect(headers['soapaction']).toBe(`"${header.child(WSA, 'Action')?.text() ?? ''}"`);
    expect(header.child(WSA, 'MessageID')?.text()).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
  }
}

/** The reference parameters came back as header blocks (WS-Addressing SOAP Binding §3.3). */
function expectAffinity(root: XmlElement, resource: string): void {
  const header = root.child(root.namespace, 'Header')!;
  const blocks = ['Engine', 'Resource'].map((name) => header.child(AFF, name));
  expect(blocks.map((block) => block?.text())).toEqual(['ME1', resource]);
  expect(blocks.map((block) => block?.attribute(WSA, 'IsReferenceParameter'))).toEqual(['true', 'true']);
}

describe('pointsman publish', () => {
  test('sends the payload as it is, and says what was acknowledged', async () => {
    await using broker = await StubBroker.start();
    const io = new RecordedIo();
    const payload = `<?xml version="1.0"?>\n<x a='1' >no namespace, <![CDATA[<raw>]]> &#8364;</x>\n`;
    await run(io, 'publish', '--wsdl', broker.wsdl, '--topic', '{urn:news}sport/football', '--message', payload);
    const { body, text } = broker.of('Notify')[0]!;
    expect(text).toContain(`<x a='1' >no namespace, <![CDATA[<raw>]]> &#8364;</x></wsnt:Message>`);
    const message = body.child(WSNT, 'NotificationMessage')!;
    expect(message.child(WSNT, 'Message')?.children()[0]?.namespace).toBe('');
    const topic = message.child(WSNT, 'Topic')!;
    expect([topic.text(), topic.resolvePrefix('t1')]).toEqual(['t1:sport/football', 'urn:news']);
    expect(topic.attribute('', 'Dialect')).toBe('http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete');
    expect(io.out).toMatch(
      /^Sent 1 of 1 to http:\/\/127\.0\.0\.1:\d+\/wsn\/NotificationBroker: acknowledged with 202 in [\d.]+ ms {2}via 1\.1 proxy1, 1\.1 server2\n$/,
    );
    expectProper(broker);
  });

  test('--count sends it so often, each with an id of its own; --json tells programs', async () => {
    await using broker = await StubBroker.start();
    const io = new RecordedIo();
    await run(
      io,
      'publish',
      '--wsdl',
      broker.wsdl,
      '--topic',
      'n:a',
      '--ns',
      'n=urn:n',
      '--message',
      '<x/>',
      '--count',
      '3',
      '--json',
    );
    expect(broker.of('Notify')).toHaveLength(3);
    expect(io.lines()).toMatchObject(
      [1, 2, 3].map((number) => ({
        event: 'published',
        number,
        count: 3,
        topic: 'n:a',
        status: 202,
        via: '1.1 proxy1, 1.1 server2',
      })),
    );
    expect(new Set(io.lines().map(({ messageId }) => messageId)).size).toBe(3);
    expectProper(broker);
  });

  test('--file reads the payload; no topic is allowed', async () => {
    await using broker = await StubBroker.start();
    const directory = mkdtempSync(join(tmpdir(), 'pointsman-cli-'));
    try {
      const file = join(directory, 'payload.xml');
      writeFileSync(file, '\uFEFF<x xmlns="urn:x">é</x>');
      await run(new RecordedIo(), 'publish', '--wsdl', broker.wsdl, '--file', file);
    } finally {
      rmSync(directory, { recursive: true });
    }
    expect(broker.of('Notify')[0]?.text).toContain('<wsnt:Message><x xmlns="urn:x">é</x></wsnt:Message>');
    expectProper(broker);
  });

  test('a topic may use any prefix, even wsnt', async () => {
    await using broker = await StubBroker.start();
    await run(
      new RecordedIo(),
      'publish',
      '--wsdl',
      broker.wsdl,
      '--topic',
      'wsnt:a',
      '--ns',
      'wsnt=urn:other',
      '--message',
      '<x/>',
    );
    const topic = broker.of('Notify')[0]?.body.children()[0]?.child(WSNT, 'Topic');
    expect([topic?.text(), topic?.resolvePrefix('wsnt')]).toEqual(['wsnt:a', 'urn:other']);
    expectProper(broker);
  });

  test('a SOAP fault is told by its name and reason', async () => {
    await using broker = await StubBroker.start();
    broker.override = () => ({
      status: 500,
      body: `<s:Fault><faultcode>s:Client</faultcode><faultstring>No such topic</faultstring><detail><w:TopicNotSupportedFault/></detail></s:Fault>`,
    });
    const error = await failureOf('publish', '--wsdl', broker.wsdl, '--message', '<x/>');
    expect(error).toBeInstanceOf(SoapFaultError);
    expect([describeFailure(error), exitCodeOf(error)]).toEqual([
      'pointsman: TopicNotSupportedFault: No such topic',
      1,
    ]);
  });

  test('an answer that is no SOAP is told with its status and the beginning of its text', async () => {
    await using broker = await StubBroker.start();
    broker.override = () => ({ status: 503, type: 'text/plain', body: 'All engines\nare away' });
    const error = await failureOf('publish', '--wsdl', broker.wsdl, '--message', '<x/>');
    expect(describeFailure(error)).toBe(
      `pointsman: ${broker.url}/wsn/NotificationBroker answered HTTP 503: All engines are away`,
    );
  });

  test('nobody there: says what to start', async () => {
    const broker = await StubBroker.start();
    await broker[Symbol.asyncDispose]();
    const error = await failureOf('publish', '--wsdl', 'http://127.0.0.1:1/x?wsdl', '--message', '<x/>');
    expect(error).toBeInstanceOf(ExchangeError);
    expect(describeFailure(error)).toMatch(
      /^pointsman: Cannot reach http:\/\/127\.0\.0\.1:1\/x\?wsdl: nothing listens there\. Start a broker with "pointsman up/,
    );
    expect(exitCodeOf(error)).toBe(1);
  });

  test('a page that is no WSDL is told as such', async () => {
    await using broker = await StubBroker.start();
    const error = await failureOf('publish', '--wsdl', `${broker.url}/`, '--message', '<x/>');
    expect(describeFailure(error)).toContain(`Cannot read the WSDL at ${broker.url}/`);
  });
});

describe('pointsman subscribe', () => {
  test('subscribes, prints what arrives, unsubscribes after --count', async () => {
    await using broker = await StubBroker.start();
    const io = new RecordedIo();
    const done = run(
      io,
      'subscribe',
      '--wsdl',
      broker.wsdl,
      '--topic',
      'tns:sport//*',
      '--ns',
      'tns=urn:news',
      '--for',
      '90s',
      '--count',
      '2',
      '--json',
    );
    const { body } = await eventually('Subscribe', () => broker.of('Subscribe')[0]);
    expect(body.child(WSNT, 'InitialTerminationTime')?.text()).toBe('PT90S');
    const expression = body.child(WSNT, 'Filter')?.child(WSNT, 'TopicExpression');
    expect([expression?.text(), expression?.resolvePrefix('tns')]).toEqual(['tns:sport//*', 'urn:news']);
    expect(expression?.attribute('', 'Dialect')).toBe('http://docs.oasis-open.org/wsn/t-1/TopicExpression/Full');
    const consumer = body.child(WSNT, 'ConsumerReference')?.child(WSA, 'Address')?.text() ?? '';
    const message = (n: number): string =>
      `<w:NotificationMessage><w:Topic xmlns:q="urn:news" Dialect="urn:d">q:sport/x</w:Topic><w:ProducerReference><a:Address>http://p/</a:Address></w:ProducerReference><w:Message><g:goal xmlns:g="urn:g" by="q"><n>${String(n)}</n></g:goal></w:Message></w:NotificationMessage>`;
    const post = await fetch(consumer, {
      method: 'POST',
      body: envelope(S11, `<w:Notify>${message(1)}${message(2)}${message(3)}</w:Notify>`),
    });
    expect(post.status).toBe(202);
    await done;
    expect(io.lines().map(({ event }) => event)).toEqual([
      'subscribed',
      'notification',
      'notification',
      'unsubscribed',
    ]);
    expect(io.lines()[0]).toMatchObject({ reference: `${broker.url}/wsn/SubscriptionManager/ME1/5f`, consumer });
    expect(io.lines()[2]).toMatchObject({
      topic: '{urn:news}sport/x',
      dialect: 'urn:d',
      producer: 'http://p/',
      payload: { 'g:goal': { '@by': 'q', n: '2' } },
      xml: '<g:goal xmlns:g="urn:g" by="q"><n>2</n></g:goal>',
    });
    const [unsubscribe] = broker.of('Unsubscribe');
    expect(unsubscribe?.path).toBe('/wsn/SubscriptionManager/ME1/5f');
    expectAffinity(unsubscribe!.root, '5f');
    expectProper(broker);
  });

  test('renews at half of what was granted, and unsubscribes when it is interrupted', async () => {
    await using broker = await StubBroker.start();
    broker.lifetimeMs = 100;
    const io = new RecordedIo();
    const done = run(io, 'subscribe', '--wsdl', broker.wsdl, '--for', '1h');
    await eventually('two renewals', () => broker.of('Renew').length >= 2);
    io.interrupt();
    await done;
    const [renew] = broker.of('Renew');
    expect(renew?.body.child(WSNT, 'TerminationTime')?.text()).toBe('PT3600S');
    expectAffinity(renew!.root, '5f');
    expect(broker.of('Subscribe')[0]?.body.child(WSNT, 'Filter')).toBeUndefined();
    expect(broker.of('Unsubscribe')).toHaveLength(1);
    expect(io.err).toMatch(/^Subscribed until .*\nRenewed until .*\n/);
    expect(io.err).toMatch(/Unsubscribed\n$/);
    expect(io.out).toBe('');
    expectProper(broker);
  });

  test('asks for no end and does not renew with --for forever', async () => {
    await using broker = await StubBroker.start();
    const io = new RecordedIo();
    const done = run(
      io,
      'subscribe',
      '--wsdl',
      broker.wsdl,
      '--for',
      'forever',
      '--address',
      'http://elsewhere.example/x?a&b',
    );
    const subscribe = await eventually('Subscribe', () => broker.of('Subscribe')[0]);
    const time = subscribe.body.child(WSNT, 'InitialTerminationTime');
    expect(time?.attribute('http://www.w3.org/2001/XMLSchema-instance', 'nil')).toBe('true');
    expect(subscribe.body.child(WSNT, 'ConsumerReference')?.child(WSA, 'Address')?.text()).toBe(
      'http://elsewhere.example/x?a&b',
    );
    io.interrupt();
    await done;
    expectProper(broker);
  });

  test('ends with the fault when the subscription is gone', async () => {
    await using broker = await StubBroker.start();
    broker.lifetimeMs = 50;
    broker.override = ({ body }) => {
      if (body.localName !== 'Renew' && body.localName !== 'Unsubscribe') return undefined;
      return {
        status: 500,
        body: '<s:Fault><faultcode>s:Client</faultcode><faultstring>Gone</faultstring><detail><r:ResourceUnknownFault xmlns:r="urn:r"/></detail></s:Fault>',
      };
    };
    const error = await failureOf('subscribe', '--wsdl', broker.wsdl);
    expect(describeFailure(error)).toBe('pointsman: ResourceUnknownFault: Gone');
  });

  test('tries to renew again while time is left', async () => {
    await using broker = await StubBroker.start();
    broker.lifetimeMs = 3000;
    let refused = 0;
    broker.override = ({ body }) => {
      if (body.localName !== 'Renew' || refused > 0) return undefined;
      refused += 1;
      return { status: 503, type: 'text/plain', body: 'Failing over' };
    };
    const io = new RecordedIo();
    const done = run(io, 'subscribe', '--wsdl', broker.wsdl, '--json');
    await eventually('renewed', () => io.lines().some(({ event }) => event === 'renewed'));
    io.interrupt();
    await done;
    expect(io.lines().map(({ event }) => event)).toEqual(['subscribed', 'renewal-failed', 'renewed', 'unsubscribed']);
  });

  test('prints text that cannot steer the terminal', async () => {
    await using broker = await StubBroker.start();
    const io = new RecordedIo();
    const done = run(io, 'subscribe', '--wsdl', broker.wsdl, '--count', '1');
    const subscribe = await eventually('Subscribe', () => broker.of('Subscribe')[0]);
    const consumer = subscribe.body.child(WSNT, 'ConsumerReference')?.child(WSA, 'Address')?.text() ?? '';
    const notify =
      '<w:Notify><w:NotificationMessage><w:Message><x>\u009b31m</x></w:Message></w:NotificationMessage></w:Notify>';
    await fetch(consumer, { method: 'POST', body: envelope(S11, notify) });
    await done;
    expect(io.out).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z {2}\(no topic\) {2}<x>\u{FFFD}31m<\/x>\n$/u);
  });
});

describe('pointsman pull', () => {
  test('creates, subscribes, fetches, and cleans up', async () => {
    await using broker = await StubBroker.start();
    await run(new RecordedIo(), 'publish', '--wsdl', broker.wsdl, '--topic', 'a', '--message', '<x/>', '--count', '5');
    const io = new RecordedIo();
    await run(
      io,
      'pull',
      '--wsdl',
      broker.wsdl,
      '--topic',
      'a',
      '--every',
      '10ms',
      '--max',
      '2',
      '--count',
      '3',
      '--json',
    );
    expect(io.lines().map(({ event }) => event)).toEqual([
      'pull-point-created',
      'subscribed',
      'notification',
      'notification',
      'notification',
      'unsubscribed',
      'pull-point-destroyed',
    ]);
    const maxima = broker.of('GetMessages').map(({ body }) => body.child(WSNT, 'MaximumNumber')?.text());
    expect(maxima).toEqual(['2', '1']);
    const reference = broker.of('Subscribe')[0]?.body.child(WSNT, 'ConsumerReference');
    expect(reference?.child(WSA, 'Address')?.text()).toBe(`${broker.url}/wsn/PullPoint/ME1/a0`);
    expect(reference?.child(WSA, 'ReferenceParameters')?.child(AFF, 'Resource')?.text()).toBe('a0');
    for (const { root, path } of [...broker.of('GetMessages'), ...broker.of('DestroyPullPoint')]) {
      expect(path).toBe('/wsn/PullPoint/ME1/a0');
      expectAffinity(root, 'a0');
    }
    expectProper(broker);
  });

  test('cleans up when it is interrupted', async () => {
    await using broker = await StubBroker.start();
    const io = new RecordedIo();
    const done = run(io, 'pull', '--wsdl', broker.wsdl, '--every', '10ms');
    await eventually('fetching', () => broker.of('GetMessages').length > 2);
    io.interrupt();
    await done;
    expect(broker.requests.slice(-2).map(({ body }) => body.localName)).toEqual(['Unsubscribe', 'DestroyPullPoint']);
    expect(broker.of('GetMessages')[0]?.body.children()).toEqual([]);
  });

  test('destroys the pull point even if it cannot be subscribed, and tells the first failure', async () => {
    await using broker = await StubBroker.start();
    broker.override = ({ body }) =>
      body.localName === 'Subscribe'
        ? {
            status: 500,
            body: '<s:Fault><faultcode>s:Client</faultcode><faultstring>No</faultstring><detail><w:InvalidFilterFault/></detail></s:Fault>',
          }
        : undefined;
    const error = await failureOf('pull', '--wsdl', broker.wsdl);
    expect(describeFailure(error)).toBe('pointsman: InvalidFilterFault: No');
    expect(broker.of('DestroyPullPoint')).toHaveLength(1);
  });
});
