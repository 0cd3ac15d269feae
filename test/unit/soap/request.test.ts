import { expect, test } from 'vitest';
import { readEnvelope } from '../../../src/soap/envelope.ts';
import { httpAction } from '../../../src/soap/framing.ts';
import { writeRequest } from '../../../src/soap/request.ts';

test('writeRequest() writes what readEnvelope() reads, in both versions', () => {
  for (const version of ['1.1', '1.2'] as const) {
    const { headers, body } = writeRequest({
      version,
      to: 'http://h/?a=1&b',
      action: 'urn:action',
      messageId: 'urn:m',
      headerBlocks: '<x xmlns="urn:x"/>',
      body: ['<a>', Buffer.from('é'), '</a>'],
    });
    const framing = { contentType: headers['content-type'], soapAction: headers['soapaction'] };
    const message = readEnvelope(body, framing);
    expect(message.version).toBe(version);
    expect(message.addressing).toMatchObject({ to: 'http://h/?a=1&b', action: 'urn:action', messageId: 'urn:m' });
    expect(message.body.text()).toBe('é');
    expect(message.blocks).toHaveLength(4);
    expect(httpAction(framing)).toBe('urn:action');
    expect(headers['soapaction']).toBe(version === '1.1' ? '"urn:action"' : undefined);
  }
});
