import { expect, test } from 'vitest';
import { readXml } from '../../../src/xml/reader.ts';
import { Bus, holding } from './bus-stub.ts';

const ID = '0123456789abcdef0123456789abcdef';
const NOW = Date.parse('2026-01-02T03:04:05Z');
const DELIVERY = 'urn:pointsman:delivery';
const gaps = [{ dropped: 2, first: 7, last: 9, since: NOW, reasons: ['messages', 'age'] as const }];
const granted = { terminationTime: null, currentTime: NOW };

/** The attributes of the headers in a reply that tell of gaps. */
function gapsIn(bytes: Buffer): readonly (readonly (string | undefined)[])[] {
  const header = readXml(bytes)
    .root.children()
    .find(({ localName }) => localName === 'Header');
  const blocks = header?.children().filter((block) => block.namespace === DELIVERY && block.localName === 'Gap') ?? [];
  return blocks.map((block) =>
    ['dropped', 'first', 'last', 'since', 'reason', 'mustUnderstand'].map((name) => block.attribute('', name)),
  );
}

const TOLD = [['2', '7', '9', '2026-01-02T03:04:05.000Z', 'messages age', undefined]];

test('GetMessages tells of what limits have dropped in a header', async () => {
  const engines = new Bus({ ME1: { getMessages: () => ({ messages: [], gaps }) } });
  const { status, bytes } = await engines.send(`/wsn/PullPoint/ME1/${ID}`, '<wsnt:GetMessages/>');
  expect([status, gapsIn(bytes)]).toEqual([200, TOLD]);
});

test('PullMessages of ONVIF does, too', async () => {
  const engine = {
    ...holding(ID, { kind: 'pull-point', ...granted, creationTime: NOW }),
    pullMessages: () => ({ messages: [], gaps, ...granted }),
  };
  const engines = new Bus({ ME1: engine }, { profiles: { dsub: false, onvif: true } });
  const body =
    '<tev:PullMessages xmlns:tev="http://www.onvif.org/ver10/events/wsdl">' +
    '<tev:Timeout>PT0S</tev:Timeout><tev:MessageLimit>5</tev:MessageLimit></tev:PullMessages>';
  const { status, bytes } = await engines.send(`/wsn/PullPointSubscription/ME1/${ID}`, body);
  expect([status, gapsIn(bytes)]).toEqual([200, TOLD]);
});

test('without a gap there is no such header', async () => {
  const engines = new Bus({ ME1: { getMessages: () => ({ messages: [] }) } });
  const { bytes } = await engines.send(`/wsn/PullPoint/ME1/${ID}`, '<wsnt:GetMessages/>');
  expect(gapsIn(bytes)).toEqual([]);
});
