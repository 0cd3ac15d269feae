import { XMLParser } from 'fast-xml-parser';
import { SaxesParser } from 'saxes';
import { readEnvelope } from '../src/soap/envelope.ts';
import { decodeRequest } from '../src/wsn/codec.ts';
import { readXml } from '../src/xml/reader.ts';
import { notifyEnvelope, WSNT, type Payloads } from './load/request.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, perSecond, type Contestant } from './rounds.ts';

const RATE = 'documents/s';
const MESSAGES = 10;
const FRAMING = { contentType: 'application/soap+xml; charset=utf-8' };

const OURS = 'ours, to the payloads';
const SAXES = 'saxes, events only';
const READERS: Readonly<Record<string, (bytes: Buffer) => number>> = {
  [OURS]: walked,
  'ours, to the decoded request': decoded,
  [SAXES]: heard,
  'fast-xml-parser, to objects': built,
};

/**
 * Reading a Notify of ten messages, from its bytes: ours beside parsers in JavaScript, which refuse less and keep no byte
 * ranges. `readings` is dense with elements and attributes, `text` is not.
 */
export async function parse({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const contestants = (['readings', 'text'] as const).flatMap((payloads) => {
    const bytes = Buffer.from(notifyEnvelope(MESSAGES, payloads));
    return Object.entries(READERS).map(([name, read]) => contestant(nameOf(name, payloads), bytes, read, ms));
  });
  const measured = await measureInTurn(contestants, rounds, report);
  const times = (payloads: Payloads): number => {
    const at = (name: string): number => measured[nameOf(name, payloads)]?.median ?? NaN;
    return Number((at(OURS) / at(SAXES)).toPrecision(3));
  };
  return {
    measured,
    targets: [
      { name: 'readings, to saxes, of documents/s', found: times('readings'), atLeast: 5 },
      { name: 'text, to saxes, of documents/s', found: times('text'), atLeast: 5 },
    ],
  };
}

function nameOf(reader: string, payloads: Payloads): string {
  return `${payloads}, ${reader}`;
}

function contestant(name: string, bytes: Buffer, read: (bytes: Buffer) => number, ms: number): Contestant {
  const found = read(bytes);
  if (found !== MESSAGES) throw new Error(`${name} found ${found} messages, expected ${MESSAGES}`);
  // What is compiled while it runs does not count.
  perSecond(ms, () => read(bytes));
  return { name, unit: RATE, measure: () => perSecond(ms, () => read(bytes)) };
}

function walked(bytes: Buffer): number {
  const body = readXml(bytes).root.children()[1];
  const messages = body?.children()[0]?.children() ?? [];
  return messages.filter((message) => message.child(WSNT, 'Message')?.children().length === 1).length;
}

/** All that happens to a Notify before it comes to an engine. */
function decoded(bytes: Buffer): number {
  const request = decodeRequest(readEnvelope(bytes, FRAMING), FRAMING);
  return request.operation === 'Notify' ? request.messages.length : NaN;
}

function heard(bytes: Buffer): number {
  let found = 0;
  const parser = new SaxesParser({ xmlns: true, position: true });
  parser.on('opentag', ({ local, uri }) => {
    if (local === 'NotificationMessage' && uri === WSNT) found += 1;
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(bytes.toString('utf8')).close();
  return found;
}

const objects = new XMLParser({ ignoreAttributes: false, removeNSPrefix: true });

function built(bytes: Buffer): number {
  const document = objects.parse(bytes.toString('utf8')) as {
    Envelope: { Body: { Notify: { NotificationMessage: readonly unknown[] } } };
  };
  return document.Envelope.Body.Notify.NotificationMessage.length;
}
