import { XMLParser } from 'fast-xml-parser';
import { SaxesParser } from 'saxes';
import { readEnvelope } from '../src/soap/envelope.ts';
import { decodeRequest } from '../src/wsn/codec.ts';
import { readXml } from '../src/xml/reader.ts';
import { WSNT } from './load/request.ts';

const FRAMING = { contentType: 'application/soap+xml; charset=utf-8' };

export const OURS = 'ours, to the payloads';
export const SAXES = 'saxes, events only';
/** Who reads a Notify; the result is how many messages were found in it. */
export const READERS: Readonly<Record<string, (bytes: Buffer) => number>> = {
  [OURS]: walked,
  'ours, to the decoded request': decoded,
  [SAXES]: heard,
  'fast-xml-parser, to objects': built,
};

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
