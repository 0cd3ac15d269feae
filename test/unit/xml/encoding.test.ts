import { describe, expect, it } from 'vitest';
import { readXml, XmlError } from '../../../src/xml/reader.ts';

const le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const be = (text: string): Buffer => le(text).swap16();
const declared = (encoding: string, content = 'é€\u{1f600}'): string =>
  `<?xml version="1.0" encoding="${encoding}"?><a>${content}</a>`;

function errorOf(bytes: Uint8Array, charset?: string): XmlError {
  try {
    readXml(bytes, { charset });
  } catch (error) {
    if (error instanceof XmlError) return error;
    throw error;
  }
  throw new Error('Expected an XmlError, found none');
}

describe('readXml() reads', () => {
  it.each([
    ['UTF-8', Buffer.from('<a>é€\u{1f600}</a>'), undefined],
    ['UTF-8, declared', Buffer.from(declared('utf-8')), undefined],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${declared('UTF-8')}`), undefined],
    ['UTF-8 by charset, whatever is declared', Buffer.from(declared('utf-16')), 'utf-8'],
    ['UTF-8 by charset, declared as something unknown', Buffer.from(declared('windows-1252')), 'UTF-8'],
    ['UTF-8 with a mark, whatever the charset', Buffer.from('\ufeff<a>é€\u{1f600}</a>'), 'iso-8859-1'],
    ['UTF-8 with a mark, charset UTF-16', Buffer.from('\ufeff<a>é€\u{1f600}</a>'), 'utf-16'],
    ['UTF-16LE with a mark', le(`\ufeff${declared('UTF-16')}`), undefined],
    ['UTF-16BE with a mark', be(`\ufeff${declared('utf-16')}`), undefined],
    ['UTF-16LE with a mark, not declared', le('\ufeff<a>é€\u{1f600}</a>'), undefined],
    ['UTF-16BE with a mark, not declared', be('\ufeff<a>é€\u{1f600}</a>'), undefined],
    ['UTF-16LE with a mark, whatever the charset', le('\ufeff<a>é€\u{1f600}</a>'), 'utf-8'],
    ['UTF-16LE, declared', le(declared('UTF-16LE')), undefined],
    ['UTF-16BE, declared', be(declared('UTF-16BE')), undefined],
    ['UTF-16LE by charset', le('<a>é€\u{1f600}</a>'), 'utf-16le'],
    ['UTF-16BE by charset', be(' <a>é€\u{1f600}</a>'), 'UTF-16BE'],
    ['UTF-16 by charset, little-endian', le('<a>é€\u{1f600}</a>'), 'UTF-16'],
    ['UTF-16 by charset, big-endian', be('<a>é€\u{1f600}</a>'), 'UTF-16'],
  ])('%s', (_, bytes, charset) => {
    const { root } = readXml(bytes, { charset });
    expect(root.text()).toBe('é€\u{1f600}');
    expect(root.slice().toString()).toBe('<a>é€\u{1f600}</a>');
  });

  it.each([
    ['ISO-8859-1, declared', Buffer.from(declared('iso-8859-1', 'é\u00a0ÿ'), 'latin1'), undefined],
    ['ISO-8859-1 by charset', Buffer.from('<a>é\u00a0ÿ</a>', 'latin1'), 'ISO-8859-1'],
    ['ISO-8859-1 by charset, declared as UTF-8', Buffer.from(declared('utf-8', 'é\u00a0ÿ'), 'latin1'), 'latin1'],
  ])('%s', (_, bytes, charset) => {
    const { root } = readXml(bytes, { charset });
    expect(root.text()).toBe('é\u00a0ÿ');
    expect(root.slice().toString()).toBe('<a>é\u00a0ÿ</a>');
  });

  it('US-ASCII', () => {
    expect(readXml(Buffer.from(declared('US-ASCII', '&#233;'))).root.text()).toBe('é');
    expect(readXml(Buffer.from('<a>b</a>'), { charset: 'us-ascii' }).root.text()).toBe('b');
  });
});

describe('readXml() refuses as an encoding error', () => {
  it.each([
    ['an unknown encoding', Buffer.from(declared('windows-1252', '')), undefined],
    ['an unknown charset', Buffer.from('<a/>'), 'windows-1252'],
    ['UTF-16 without mark and declaration', le('<a/>'), undefined],
    ['UTF-16 without a mark, declared as UTF-16', le(declared('UTF-16')), undefined],
    ['UTF-16 with a mark, declared as UTF-8', le(`\ufeff${declared('UTF-8')}`), undefined],
    ['UTF-16LE declared as UTF-16BE', le(declared('UTF-16BE')), undefined],
    ['UTF-8 declared as UTF-16', Buffer.from(declared('UTF-16')), undefined],
    ['UTF-8 with a mark, declared as ISO-8859-1', Buffer.from(`\ufeff${declared('ISO-8859-1')}`), undefined],
    ['UTF-32', Buffer.from('fffe00003c000000', 'hex'), undefined],
    ['UTF-32 without a mark', Buffer.from('0000003c00000061', 'hex'), undefined],
    ['EBCDIC', Buffer.from('4c6fa79493', 'hex'), undefined],
    ['half a code unit', Buffer.concat([le('\ufeff<a/>'), Buffer.from([0x20])]), undefined],
    ['half a surrogate pair', le('\ufeff<a>\ud800</a>'), undefined],
    ['the other half', be('\ufeff<a>\udc00</a>'), undefined],
    ['ISO-8859-1 taken for UTF-8', Buffer.from('<a>é</a>', 'latin1'), undefined],
    ['bytes above 7F in US-ASCII', Buffer.from('<a>é</a>'), 'us-ascii'],
  ])('%s', (_, bytes, charset) => {
    expect(errorOf(bytes, charset).kind).toBe('encoding');
  });

  it.each([
    ['an overlong form', 'c0af'],
    ['an overlong form of three bytes', 'e08080'],
    ['an overlong form of four bytes', 'f0808080'],
    ['a surrogate', 'eda080'],
    ['a character above 10FFFF', 'f4908080'],
    ['a lone continuation byte', '80'],
    ['a byte that UTF-8 never has', 'ff'],
    ['a character that is cut short', 'e282'],
  ])('%s', (_, hex) => {
    const bytes = Buffer.concat([Buffer.from('<a>\né€'), Buffer.from(hex, 'hex'), Buffer.from('</a>')]);
    const { kind, line, column, offset } = errorOf(bytes);
    expect({ kind, line, column, offset }).toEqual({ kind: 'encoding', line: 2, column: 3, offset: 9 });
  });

  it.each([0, 1, 4095, 4096, 4097, 10_000])('bytes that are not UTF-8 behind %i others, and says where', (count) => {
    const bytes = Buffer.concat([Buffer.from('é'.repeat(count)), Buffer.from([0xe9]), Buffer.from('x'.repeat(9000))]);
    expect(errorOf(bytes).offset).toBe(count * 2);
  });

  it('half a surrogate pair, and says where', () => {
    const { line, column, offset } = errorOf(le('\ufeff<a>\né\ud800</a>'));
    expect({ line, column, offset }).toEqual({ line: 2, column: 2, offset: 12 });
  });
});
