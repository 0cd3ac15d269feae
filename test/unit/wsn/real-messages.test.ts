import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../../../src/soap/envelope.ts';
import { ProtocolError, protocolFaultReply } from '../../../src/soap/fault.ts';
import { decodeRequest } from '../../../src/wsn/codec.ts';
import type { WsnRequest } from '../../../src/wsn/codec.ts';
import { WsnFault, wsnFaultReply } from '../../../src/wsn/faults.ts';
import { readXml } from '../../../src/xml/reader.ts';

const FOLDER = new URL('../../../../shared/messages/', import.meta.url);

/** The operation, or the fault; `code/subcode/subsubcode` for one of SOAP or WS-Addressing. */
const EXPECTED: Readonly<Record<string, string>> = {
  'derived-01-notify-utf16le-bom.xml': 'Notify {http://www.opengis.net/sps/2.0}TaskEvent/DataPublication',
  'derived-02-notify-utf16be-bom-nodecl.xml': 'Notify {http://www.opengis.net/sps/2.0}TaskEvent/DataPublication',
  'derived-03-notify-latin1.xml': 'Notify {http://www.opengis.net/sps/2.0}TaskEvent/DataPublication',
  'derived-04-notify-mtom-cxf-header.http': 'Sender 415',
  'derived-06-subscribe-doctype.xml': 'Sender',
  'dtt-01-createpullpoint-bom-itemfilter.xml': 'Sender/ActionNotSupported',
  'dtt-04-subscribe-response-default-ns.xml': 'Sender/ActionNotSupported',
  'dtt-06-renew-response-order.xml': 'Sender/ActionNotSupported',
  'dtt-09-notify-all-default-ns.xml': 'Notify {http://www.onvif.org/ver10/topics}Device',
  'dtt-10-neg-notificationmessage-in-body.xml': 'Sender/ActionNotSupported',
  'ihe-01-dsub-subscribe.xml': 'InvalidFilterFault',
  'issue-01-zeep-renew-no-wsa.xml': 'Renew',
  'ogc-01-subscribe-s11-fes-filter.xml': 'InvalidMessageContentExpressionFault',
  'ogc-02-subscribe-response-s11.xml': 'Sender/ActionNotSupported',
  'ogc-03-notify-wrapped-s11-two.xml': 'Notify none none',
  'ogc-04-notify-raw-s11.xml': 'Sender/ActionNotSupported',
  'ogc-05-renew-wrong-action-s11.xml': 'Renew',
  'ogc-06-fault-s11.xml': 'Sender/ActionNotSupported',
  'ogc-07-fault-s12.xml': 'Sender/ActionNotSupported',
  'ogc-11-sps-subscribe-s12-replyto.xml': 'Sender/InvalidAddressingHeader/OnlyAnonymousAddressSupported',
  'ogc-12-sps-notify-s12-concrete.xml': 'Notify {http://www.opengis.net/sps/2.0}TaskEvent/DataPublication',
  'onvif-01-unsubscribe-response-padded-action.xml': 'Sender/ActionNotSupported',
  'onvif-02-axis-createpullpoint-fault.xml': 'Sender/ActionNotSupported',
  'onvif-03-pelco-pullmessages.xml': 'Sender/ActionNotSupported',
  'onvif-05-axis-createpullpoint-response.xml': 'Sender/ActionNotSupported',
  'onvif-10-renew-request-no-action.xml': 'Renew',
  'onvif-11-unsubscribe-request-no-wsa.xml': 'Unsubscribe',
  'oxf-02-subscribe-response-metadata.xml': 'Sender/ActionNotSupported',
  'oxf-03-unsubscribe-refparam-s12.xml': 'Unsubscribe',
  'petals-01-subscribe-s11-rpc-wrapper.xml': 'Sender/ActionNotSupported',
  'petals-02-subscribe-s11.xml': 'Subscribe',
  'petals-03-notify-undeclared-prefix.xml': 'InvalidTopicExpressionFault',
  'petals-08-subscribe-response-nil-termination.xml': 'Sender/ActionNotSupported',
  'ses-01-subscribe-updateinterval-policy-s12.xml': 'InvalidMessageContentExpressionFault',
  'ses-03-subscribe-topic-s12.xml': 'Subscribe',
  'ses-04-notify-om-s12.xml': 'Notify {http://www.opengis.net/ses/topics}Measurements',
  // Its Demand is "no", which is no xsd:boolean.
  'ses-05-registerpublisher-s12.xml': 'Sender',
  'smx-01-subscribe-abs-itt.xml': 'Subscribe',
  'smx-02-subscribe-empty-itt.xml': 'UnacceptableInitialTerminationTimeFault',
  'smx-03-subscribe-nil-itt.xml': 'Subscribe',
  'smx-04-subscribe-no-itt.xml': 'Subscribe',
  'smx-05-subscribe-epr.xml': 'Sender/InvalidEPR/MissingAddressInEPR',
  'smx-09-unsubscribe-s11-wrong-ns.xml': 'Unsubscribe',
  'wsnu-06-gcm-xpath-multiple.xml': 'MultipleTopicsSpecifiedFault',
  'wsnu-07-notify-jaxb-ns-prefixes.xml': 'Notify none',
  'wsstar-01-registerpublisher-demand.xml': 'RegisterPublisher',
  'wsstar-03-getcurrentmessage.xml':
    'GetCurrentMessage {http://petals.ow2.org/topicNamespace/MyOtherTopicNamespaceSample}rootTopic2/childTopic2/childChildTopic1',
};

/** Files that hold the body alone: without an envelope they are refused, within one they are read. */
const BARE = /^(?:smx-0[1-5]|petals-0[38]|wsnu-|wsstar-)/;

const MTOM = 'multipart/related; type="application/xop+xml"; boundary="uuid:x"; start-info="application/soap+xml"';

function summary(request: WsnRequest): string {
  if (request.operation === 'Notify')
    return ['Notify', ...request.messages.map(({ topic }) => topic ?? 'none')].join(' ');
  return request.operation === 'GetCurrentMessage' ? `GetCurrentMessage ${request.topic}` : request.operation;
}

function outcome(bytes: Uint8Array, contentType?: string): string {
  const framing = { contentType };
  try {
    return summary(decodeRequest(readEnvelope(bytes, framing), framing));
  } catch (error) {
    if (error instanceof WsnFault) {
      readXml(wsnFaultReply('1.1', error, 0).body);
      return error.fault;
    }
    if (!(error instanceof ProtocolError)) throw error;
    readXml(protocolFaultReply(error).body);
    const codes = [error.code, error.subcode?.localName, error.subsubcode?.localName].filter(
      (code) => code !== undefined,
    );
    return codes.join('/') + (error.httpStatus === 415 ? ' 415' : '');
  }
}

/** All but the XML declaration, inside an envelope. */
function wrapped(bytes: Buffer): Buffer {
  const body = bytes.toString('utf8').replace(/^\uFEFF?<\?xml[^>]*\?>/, '');
  return Buffer.from(
    `<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope"><S:Body>${body}</S:Body></S:Envelope>`,
  );
}

describe.skipIf(!existsSync(FOLDER))('messages from the field', () => {
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => /\.(?:xml|http)$/.test(name)) : [];

  test('all have an expected outcome', () => {
    expect(files.sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  test.each(Object.entries(EXPECTED))('%s: %s', (file, expected) => {
    const bytes = readFileSync(new URL(file, FOLDER));
    if (BARE.test(file)) {
      expect(outcome(bytes)).toBe('Sender');
      expect(outcome(wrapped(bytes))).toBe(expected);
    } else {
      expect(outcome(bytes, file.endsWith('.http') ? MTOM : undefined)).toBe(expected);
    }
  });
});
