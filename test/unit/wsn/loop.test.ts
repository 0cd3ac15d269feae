import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Notification } from '../../../src/wsn/messages.ts';
import { isOwnEcho, passedOn, sendingTopology, topologyName } from '../../../src/wsn/loop.ts';
import { decodeNotify } from '../../../src/wsn/decode-notify.ts';
import { encodeNotify, TopicElements } from '../../../src/wsn/notify.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { read } from '../soap/envelopes.ts';

const A = 'http://a:8080';
const B = 'http://b:8080';
const WSNT = 'http://docs.oasis-open.org/wsn/b-2';

const message = Buffer.from(`<wsnt:Message xmlns:wsnt="${WSNT}"><e xmlns="urn:test"/></wsnt:Message>`);

/** As it arrives elsewhere. */
function delivered(notification: Notification): Notification {
  const batch = { reference: '', dialect: undefined, notifications: [notification] };
  const body = encodeNotify(batch, new TopicElements()).map((part) => Buffer.from(part as Uint8Array));
  return decodeNotify(readXml(Buffer.concat(body)).root).messages[0]!;
}

function from(address: string): Notification {
  const producer =
    `<wsnt:ProducerReference xmlns:wsnt="${WSNT}" xmlns:wsa="http://www.w3.org/2005/08/addressing">` +
    `<wsa:Address>${address}</wsa:Address></wsnt:ProducerReference>`;
  return { message, producer };
}

function header(attributes: string): ReturnType<typeof read>['blocks'] {
  return read('<wsnt:Notify/>', `<d:Delivery xmlns:d="urn:pointsman:delivery" ${attributes}/>`).blocks;
}

describe('loop', () => {
  test.each([
    ['http://a:8080', A],
    ['http://A:8080/', A],
    ['http://a:80', 'http://a'],
    ['https://gate/x/', 'https://gate/x'],
    ['no URL', 'no URL'],
  ])('the name of %s is %s', (publicUrl, name) => {
    expect(topologyName(publicUrl)).toBe(name);
  });

  test('the sender is in the delivery header', () => {
    expect(sendingTopology(header('engine="ME1" topology=" http://A:8080/ "'))).toBe(A);
    expect(sendingTopology(header('engine="ME1"'))).toBeUndefined();
    expect(sendingTopology(header(`topology="http://a:8080 http://b:8080"`))).toBeUndefined();
    expect(sendingTopology(header(`topology="${'x'.repeat(3000)}"`))).toBeUndefined();
    expect(sendingTopology([])).toBeUndefined();
  });

  test('what this topology has sent itself is an echo', () => {
    expect(isOwnEcho({ message }, A, A)).toBe(true);
    expect(isOwnEcho({ message }, B, A)).toBe(false);
    expect(isOwnEcho({ message }, undefined, A)).toBe(false);
  });

  test('what was produced at an endpoint of this topology is an echo; another service at the same host is not', () => {
    expect(isOwnEcho(from('http://a:8080/wsn/NotificationBroker'), undefined, A)).toBe(true);
    expect(isOwnEcho(from('http://A:8080/wsn/NotificationBroker'), undefined, A)).toBe(true);
    expect(isOwnEcho(from('http://a:8080/sensor'), undefined, A)).toBe(false);
    expect(isOwnEcho(from('http://a:8080.evil/wsn/NotificationBroker'), undefined, A)).toBe(false);
    expect(isOwnEcho(from('http://b:8080/wsn/NotificationBroker'), undefined, A)).toBe(false);
    expect(isOwnEcho(from('urn:sensor'), undefined, A)).toBe(false);
  });

  test('a path survives delivery, in the order of the topologies, beside the publisher that was named', () => {
    const once = delivered(passedOn(from('urn:sensor'), [A], 'urn:unused'));
    const twice = delivered(passedOn(once, [B, 'http://c'], 'urn:unused'));
    expect(twice.producer).toContain('<wsa:Address>urn:sensor</wsa:Address>');
    for (const name of [A, B, 'http://c']) expect(isOwnEcho(twice, undefined, name)).toBe(true);
    expect(isOwnEcho(twice, undefined, 'http://d')).toBe(false);
    expect(isOwnEcho(once, undefined, B)).toBe(false);
  });

  test('without a publisher, the one that it came from is named', () => {
    const marked = delivered(passedOn({ message }, [B], 'http://a:8080/wsn/NotificationBroker'));
    expect(marked.producer).toContain('<wsa:Address>http://a:8080/wsn/NotificationBroker</wsa:Address>');
    expect(isOwnEcho(marked, undefined, B)).toBe(true);
    expect(isOwnEcho(marked, undefined, A)).toBe(true);
  });

  test('a path without end is an echo of everybody', () => {
    let notification: Notification = from('urn:sensor');
    for (let n = 0; n < 16; n++) notification = passedOn(notification, [`http://t${n}`], '');
    expect(isOwnEcho(notification, undefined, A)).toBe(false);
    expect(isOwnEcho(passedOn(notification, ['http://t16'], ''), undefined, A)).toBe(true);
  });

  test('around any ring of topologies, a notification reaches each of them at most once', () => {
    const ring = fc.uniqueArray(fc.integer({ min: 1, max: 9999 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(ring, fc.boolean(), fc.boolean(), (ports, hasProducer, tellsSender) => {
        const names = ports.map((port) => topologyName(`http://h:${port}`));
        let notification: Notification = hasProducer ? from('urn:sensor') : { message };
        const accepted = [0];
        for (let at = 1; at <= 3 * names.length; at++) {
          const [sender, own] = [names[(at - 1) % names.length]!, names[at % names.length]!];
          if (isOwnEcho(notification, tellsSender ? sender : undefined, own)) break;
          accepted.push(at % names.length);
          notification = delivered(passedOn(notification, [sender, own], `${sender}/wsn/NotificationBroker`));
        }
        if (tellsSender || names.length > 1) expect(new Set(accepted).size).toBe(accepted.length);
        else expect(accepted.length).toBe(2);
      }),
    );
  });

  test('what a hostile reference says does no harm', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = text.replace(/[&<>]/g, '');
        const legible = escaped.replace(/[^\t\n\r -\ud7ff]/g, '');
        const path = `<d:Path xmlns:d="urn:pointsman:delivery">${legible}</d:Path>`;
        const hostile = from('urn:x').producer!.replace('</wsnt:', `${path}</wsnt:`);
        expect(isOwnEcho({ message, producer: hostile }, undefined, A)).toBe(false);
      }),
    );
  });
});
