import { describe, expect, it } from 'vitest';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { topologyName, isOwnEcho } from '../../../src/wsn/loop.ts';
import type { Notification } from '../../../src/wsn/messages.ts';
import { eventually } from '../../support/eventually.ts';
import type { plain } from '../../support/soap-producer.ts';
import { WSNT } from '../../support/soap-producer.ts';
import { ID, LIFETIME_MS, Stage } from './fixtures/stage.ts';

const NAMESPACES = `xmlns:wsnt="${WSNT}" xmlns:wsa="http://www.w3.org/2005/08/addressing"`;

function message(text: string, producer = ''): string {
  const topic =
    '<wsnt:Topic xmlns:o="urn:topics" Dialect="http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete">o:door</wsnt:Topic>';
  const payload = `<wsnt:Message><e xmlns="urn:test">${text}</e></wsnt:Message>`;
  return `<wsnt:NotificationMessage ${NAMESPACES}>${topic}${producer}${payload}</wsnt:NotificationMessage>`;
}

function texts(messages: readonly Notification[]): readonly string[] {
  return messages.map((one) => />([^<>]*)<\/e>/.exec(Buffer.from(one.message).toString())?.[1] ?? '');
}

describe('Producers at a source', () => {
  it('subscribes to a WS-Notification source whoever wants it, and again when it has forgotten', async () => {
    await using stage = await Stage.start();
    stage.source('wsn', ['a', 'b']);
    stage.begin();
    await stage.alive('t:a', 't:b');
    stage.producer.subscriptions.clear();
    await stage.pass(LIFETIME_MS);
    await stage.alive('t:a', 't:b');
    expect(stage.producer.names()).not.toContain('PauseSubscription');
  });

  it('subscribes to everything where no topic is named', async () => {
    await using stage = await Stage.start();
    stage.source('wsn');
    stage.begin();
    await stage.alive('*');
    expect(stage.outlet.remote(ID).map(({ topic }) => topic)).toEqual(['']);
  });
});

describe('Producers at an ONVIF source', () => {
  it('pulls what there is, renews, and unsubscribes at the end', async () => {
    await using stage = await Stage.start();
    stage.source('onvif', ['a']);
    stage.begin();
    await stage.alive('t:a');
    stage.producer.offer(message('1'), message('2'));
    await eventually('two are published', () => stage.published.length === 2);
    stage.producer.offer(message('3'));
    await eventually('three are published', () => stage.published.length === 3);
    expect(texts(stage.published)).toEqual(['1', '2', '3']);
    expect(stage.published[0]?.topic).toBe('{urn:topics}door');
    const [create, pull] = stage.producer.asked;
    expect(create?.message.addressing.action).toBe(
      'http://www.onvif.org/ver10/events/wsdl/EventPortType/CreatePullPointSubscriptionRequest',
    );
    expect(pull?.message.addressing.action).toBe(
      'http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest',
    );
    expect(pull?.bytes.toString()).toContain(
      '<tev:Timeout>PT20S</tev:Timeout><tev:MessageLimit>100</tev:MessageLimit>',
    );
    await stage.pass(LIFETIME_MS);
    expect(stage.producer.alive()).toEqual(['t:a']);
    expect(stage.producer.names()).toContain('Renew');
    stage.outlet.end(ID);
    await stage.alive();
  });

  it('goes on with the same pull point in the next tenure', async () => {
    await using stage = await Stage.start();
    stage.source('onvif', ['a']);
    stage.begin();
    await stage.alive('t:a');
    await eventually('it pulls', () => stage.producer.names().includes('PullMessages'));
    await stage.move();
    await stage.quiet();
    stage.producer.offer(message('1'));
    await eventually('it is published', () => stage.published.length === 1);
    expect(stage.producer.names().filter((name) => name.startsWith('Create'))).toHaveLength(1);
  });

  it('creates another pull point when the device has lost it', async () => {
    await using stage = await Stage.start();
    stage.source('onvif', ['a']);
    stage.begin();
    await stage.alive('t:a');
    await eventually('it pulls', () => stage.producer.names().includes('PullMessages'));
    stage.producer.subscriptions.clear();
    stage.producer.offer(message('1'));
    // The pause before the next pull point begins when the device has said that it has lost this one.
    await stage.quiet();
    await stage.pass(5_000);
    await stage.alive('t:a');
    await eventually('it is published', () => stage.published.length === 1);
  });

  it('does not hurry a device that does not wait, or that loses every pull point', async () => {
    await using stage = await Stage.start();
    let answer: () => ReturnType<typeof plain> | WsnFault | undefined = () => undefined;
    stage.producer.misbehave = ({ name }) => (name === 'PullMessages' ? answer() : undefined);
    const empty =
      '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>' +
      '<tev:PullMessagesResponse xmlns:tev="http://www.onvif.org/ver10/events/wsdl"/></s:Body></s:Envelope>';
    answer = () => ({ status: 200, contentType: 'application/soap+xml', body: Buffer.from(empty) });
    stage.source('onvif', ['a']);
    stage.begin();
    const pulls = (): number => stage.producer.names().filter((name) => name === 'PullMessages').length;
    await eventually('it pulls', () => pulls() === 1);
    await stage.pass(20_000, 1_000);
    expect(pulls()).toBeGreaterThan(5);
    expect(pulls()).toBeLessThan(25);
    answer = () => new WsnFault('ResourceUnknownFault', 'what?');
    const before = stage.producer.asked.length;
    await stage.pass(120_000, 1_000);
    expect(stage.producer.asked.length - before).toBeGreaterThan(6);
    expect(stage.producer.asked.length - before).toBeLessThan(80);
  });

  it('passes over what cannot be read, and takes the rest', async () => {
    await using stage = await Stage.start();
    stage.source('onvif', ['a']);
    stage.begin();
    await stage.alive('t:a');
    const bad = `<wsnt:NotificationMessage ${NAMESPACES}><wsnt:Message>no element</wsnt:Message></wsnt:NotificationMessage>`;
    stage.producer.offer(message('1'), bad, message('2'));
    await eventually('two are published', () => stage.published.length === 2);
    expect(texts(stage.published)).toEqual(['1', '2']);
  });

  it('publishes again what the engine could not take, and drops only what it refuses for good', async () => {
    await using stage = await Stage.start();
    let failures = 2;
    stage.publish = async (messages) => {
      await Promise.resolve();
      if (failures-- > 0) throw new Error('not now');
      if (texts(messages).includes('2')) throw new WsnFault('TopicNotSupportedFault', 'not here');
      stage.published.push(...messages);
    };
    stage.source('onvif', ['a']);
    stage.begin();
    await stage.alive('t:a');
    stage.producer.offer(message('1'), message('2'), message('3'));
    await eventually('two are published', async () => {
      await stage.clock.advance(1_000);
      return stage.published.length === 2;
    });
    expect(texts(stage.published)).toEqual(['1', '3']);
  });

  it('marks what it has taken over, and takes over no echo of itself', async () => {
    await using stage = await Stage.start();
    stage.source('onvif', ['a']);
    stage.begin();
    await stage.alive('t:a');
    const own =
      '<wsnt:ProducerReference><wsa:Address>http://front:8080/wsn/NotificationBroker</wsa:Address></wsnt:ProducerReference>';
    stage.producer.offer(message('1'), message('2', own));
    await eventually('one is published', () => stage.published.length === 1);
    const [first] = stage.published;
    expect(texts(stage.published)).toEqual(['1']);
    for (const name of ['http://front:8080', new URL(stage.producer.url).origin]) {
      expect(isOwnEcho(first!, undefined, topologyName(name))).toBe(true);
    }
    expect(isOwnEcho(first!, undefined, 'http://other:8080')).toBe(false);
  });

  it('asks for fewer messages where the device says how many it gives', async () => {
    await using stage = await Stage.start();
    stage.producer.misbehave = ({ name, bytes }) => {
      if (name !== 'PullMessages' || bytes.includes('>10<')) return undefined;
      const detail =
        '<tev:PullMessagesFaultResponse xmlns:tev="http://www.onvif.org/ver10/events/wsdl">' +
        '<tev:MaxTimeout>PT60S</tev:MaxTimeout><tev:MaxMessageLimit>10</tev:MaxMessageLimit></tev:PullMessagesFaultResponse>';
      const fault =
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>' +
        `</s:Code><s:Reason><s:Text xml:lang="en">too many</s:Text></s:Reason><s:Detail>${detail}</s:Detail></s:Fault>` +
        '</s:Body></s:Envelope>';
      return { status: 400, contentType: 'application/soap+xml', body: Buffer.from(fault) };
    };
    stage.source('onvif', ['a']);
    stage.begin();
    await stage.alive('t:a');
    stage.producer.offer(message('1'));
    await eventually('it is published', async () => {
      await stage.clock.advance(1_000);
      return stage.published.length === 1;
    });
    expect(stage.producer.names().filter((name) => name.startsWith('Create'))).toHaveLength(1);
  });
});
