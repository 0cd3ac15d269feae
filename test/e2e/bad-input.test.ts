import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { notifyBody, post, publish, send, subscribe } from '../support/soap-client.ts';

const SOAP12 = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
const SOAP11 = { 'Content-Type': 'text/xml; charset=utf-8' };
const envelope = (body: string, headers = '', namespace = 'http://www.w3.org/2003/05/soap-envelope'): string =>
  `<s:Envelope xmlns:s="${namespace}" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"><s:Header>${headers}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;

/** What was sent, and what the answer must be: HTTP status and a piece of the text that names the mistake. */
const CASES: readonly (readonly [string, string | Uint8Array<ArrayBuffer>, Record<string, string>, number, RegExp])[] =
  [
    ['nothing', '', SOAP12, 400, /Fault/],
    ['no XML', 'hello', SOAP12, 400, /1:1/],
    ['no XML, SOAP 1.1', 'hello', SOAP11, 500, /faultcode/],
    [
      'XML that breaks off',
      '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>',
      SOAP12,
      400,
      /Fault/,
    ],
    ['a wrong end tag', envelope('<wsnt:Renew></wsnt:Other>'), SOAP12, 400, /end tag/],
    ['an undeclared prefix', envelope('<nobody:Renew/>'), SOAP12, 400, /nobody/],
    [
      'a DTD',
      `<!DOCTYPE x [<!ENTITY e "x">]>${envelope('<wsnt:Unsubscribe/>')}`,
      SOAP12,
      400,
      /DOCTYPE|DTD|document type/i,
    ],
    [
      'an entity bomb',
      '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
      SOAP12,
      400,
      /DOCTYPE|DTD|document type/i,
    ],
    ['a processing instruction', envelope('<?php x?><wsnt:Unsubscribe/>'), SOAP12, 400, /processing instruction/i],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from(envelope('<wsnt:Unsubscribe>')), Buffer.from([0xff, 0xfe])]),
      SOAP12,
      400,
      /UTF-8|encod/i,
    ],
    ['depth 1,000', envelope('<a>'.repeat(1_000) + '</a>'.repeat(1_000)), SOAP12, 400, /dep|nest|level/i],
    [
      '10,000 attributes',
      envelope(`<a ${Array.from({ length: 10_000 }, (_, i) => `a${String(i)}=""`).join(' ')}/>`),
      SOAP12,
      400,
      /attribute/i,
    ],
    [
      'another envelope',
      envelope('<wsnt:Renew/>', '', 'http://www.w3.org/2001/12/soap-envelope'),
      SOAP12,
      500,
      /VersionMismatch/,
    ],
    ['no envelope', '<wsnt:Renew xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"/>', SOAP12, 400, /Envelope/],
    ['an unknown operation', envelope('<x:Fly xmlns:x="urn:x"/>'), SOAP12, 400, /Fly/],
    ['no body child', envelope(''), SOAP12, 400, /Body/],
    [
      'an action of something else',
      envelope('<wsnt:Unsubscribe/>', '<wsa:Action>urn:fly</wsa:Action>'),
      SOAP12,
      400,
      /urn:fly/,
    ],
    [
      'two actions',
      envelope('<wsnt:Unsubscribe/>', '<wsa:Action>a</wsa:Action><wsa:Action>a</wsa:Action>'),
      SOAP12,
      400,
      /InvalidAddressingHeader/,
    ],
    [
      'a header that must be understood',
      envelope('<wsnt:Unsubscribe/>', '<x:Tx xmlns:x="urn:x" s:mustUnderstand="true"/>'),
      SOAP12,
      500,
      /MustUnderstand/,
    ],
    [
      'a reply to somewhere else',
      envelope(
        '<wsnt:Unsubscribe/>',
        '<wsa:MessageID>urn:1</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://169.254.169.254/</wsa:Address></wsa:ReplyTo>',
      ),
      SOAP12,
      400,
      /OnlyAnonymousAddressSupported/,
    ],
    ['a Subscribe without a consumer', envelope('<wsnt:Subscribe/>'), SOAP12, 400, /ConsumerReference/],
    [
      'MTOM',
      '--x\r\n\r\n',
      { 'Content-Type': 'multipart/related; boundary=x; type="application/xop+xml"' },
      415,
      /multipart|MTOM/i,
    ],
  ];

describe('bad input', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start('combined');
  });
  afterAll(async () => cluster[Symbol.asyncDispose]());

  describe.each(['the proxy', 'a server'])('at %s', (where) => {
    const url = (): string => (where === 'the proxy' ? cluster.url : cluster.serverUrl('server2'));

    it.each(CASES)('%s', async (_what, body, headers, status, text) => {
      const answer = await post(`${url()}/wsn/NotificationBroker`, body, headers, 5_000).catch((error: unknown) => {
        throw new Error('No answer that is XML', { cause: error });
      });
      expect(answer.text).toMatch(text);
      expect(answer.status).toBe(status);
    });

    it('a compressed body', async () => {
      const response = await fetch(`${url()}/wsn/NotificationBroker`, {
        method: 'POST',
        headers: { ...SOAP12, 'Content-Encoding': 'gzip' },
        body: Buffer.from('1f8b0800', 'hex'),
        signal: AbortSignal.timeout(5_000),
      });
      expect(response.status).toBe(415);
      expect(await response.text()).toContain('gzip');
    });

    it('a body over the limit', async () => {
      const response = await fetch(`${url()}/wsn/NotificationBroker`, {
        method: 'POST',
        headers: SOAP12,
        body: Buffer.alloc(5 * 1024 * 1024, 'x'),
        signal: AbortSignal.timeout(5_000),
      });
      expect(response.status).toBe(413);
    });

    it('a body over the limit that says nothing of its length', async () => {
      const { port } = new URL(url());
      const socket = connect(Number(port), '127.0.0.1');
      let reply = '';
      socket.on('data', (chunk: Buffer) => (reply += chunk.toString()));
      socket.on('error', () => undefined);
      socket.write('POST /wsn/NotificationBroker HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      for (let count = 0; count < 80 && !socket.destroyed; count += 1) socket.write(chunk);
      await eventually('413', () => reply.startsWith('HTTP/1.1 413'), 5_000);
      socket.destroy();
    });

    it('Content-Length and Transfer-Encoding at once', async () => {
      const { port } = new URL(url());
      const socket = connect(Number(port), '127.0.0.1');
      let reply = '';
      socket.on('data', (chunk: Buffer) => (reply += chunk.toString()));
      socket.on('error', () => undefined);
      socket.write(
        'POST /wsn/NotificationBroker HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      );
      await eventually('400', () => reply.startsWith('HTTP/1.1 400'), 5_000);
      socket.destroy();
    });

    it.each(['PUT', 'DELETE', 'PATCH'])('%s', async (method) => {
      const response = await fetch(`${url()}/wsn/NotificationBroker`, { method, signal: AbortSignal.timeout(5_000) });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toContain('POST');
    });
  });

  it('an endpoint reference without a resource, a stranger`s, and one of another engine', async () => {
    const id = '0123456789abcdef0123456789abcdef';
    for (const path of [
      'SubscriptionManager',
      `SubscriptionManager/ME1/${id}`,
      `PullPoint/ME2/${id}`,
      `PullPoint/no/${id}`,
    ]) {
      for (const body of [
        '<wsnt:Unsubscribe/>',
        '<wsnt:PauseSubscription/>',
        '<wsnt:GetMessages/>',
        '<wsnt:DestroyPullPoint/>',
      ]) {
        const answer = await send(`${cluster.url}/wsn/${path}`, body, { timeoutMs: 5_000 });
        expect(answer.fault).toBe('ResourceUnknownFault');
      }
    }
  });

  it('loses nothing of what was in order before and after', async () => {
    await using consumer = await TestConsumer.start();
    await subscribe(cluster.url, consumer.url, { topic: '{urn:bad}t' });
    for (const [, body, headers] of CASES) {
      await publish(cluster.url, '{urn:bad}t', 'good');
      await post(`${cluster.url}/wsn/NotificationBroker`, body, headers, 5_000);
    }
    await eventually('all good ones', () => consumer.received.length >= CASES.length);
    const mixed = notifyBody('{urn:bad}t', 'half').replace(
      '</wsnt:Notify>',
      '<wsnt:NotificationMessage/></wsnt:Notify>',
    );
    const answer = await send(`${cluster.url}/wsn/NotificationBroker`, mixed);
    expect(answer.status).toBe(400);
    await publish(cluster.url, '{urn:bad}t', 'last');
    await eventually('the last', () => consumer.payloads.includes('last'));
    expect(consumer.payloads).not.toContain('half');
  });
});
