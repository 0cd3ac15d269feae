import { XMLParser } from 'fast-xml-parser';
import type { CliIo } from './io.ts';
import { writeJson, writeLine } from './io.ts';
import type { ReceivedNotification } from './messages.ts';
import { xmlReferences } from './well-formed.ts';

/** Shows what a subscriber receives: to people as text, to programs as one JSON object a line. */
export interface NotificationPrinter {
  notification(notification: ReceivedNotification, receivedAt: Date): void;
  /** Something that happened to the subscription. People see `text` on standard error, programs see the fields. */
  event(event: string, text: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** The printer for --json or for people. */
export function createPrinter(io: CliIo, json: boolean): NotificationPrinter {
  return json ? jsonPrinter(io) : textPrinter(io);
}

/** A payload as plain values: attributes with `@`, repeated elements as arrays, everything else as it was written. */
export function payloadAsJson(xml: string): unknown {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    entityDecoder: xmlReferences,
    ignoreDeclaration: true,
    ignorePiTags: true,
  });
  try {
    return parser.parse(xml) as unknown;
  } catch {
    // Names such as __proto__ have no safe place in an object; the XML is there beside it.
    return null;
  }
}

function jsonPrinter(io: CliIo): NotificationPrinter {
  return {
    notification: ({ topic, producer, xml }, receivedAt) => {
      writeJson(io.stdout, {
        event: 'notification',
        at: receivedAt.toISOString(),
        topic: topic?.text ?? null,
        dialect: topic?.dialect ?? null,
        ...(producer === undefined ? {} : { producer }),
        payload: payloadAsJson(xml),
        xml,
      });
    },
    event: (event, _text, fields) => writeJson(io.stdout, { event, ...fields }),
  };
}

function textPrinter(io: CliIo): NotificationPrinter {
  return {
    notification: ({ topic, xml }, receivedAt) => {
      writeLine(io.stdout, `${receivedAt.toISOString()}  ${printable(topic?.text ?? '(no topic)')}  ${printable(xml)}`);
    },
    event: (_event, text) => writeLine(io.stderr, text),
  };
}

/** What arrives must not steer the terminal. Line ends and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?![\t\n\r])\p{Cc}/gu, '\u{FFFD}');
}
