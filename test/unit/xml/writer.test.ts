import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readXml } from '../../../src/xml/reader.ts';
import { escapeAttribute, escapeText } from '../../../src/xml/writer.ts';
import { legal } from './trees.ts';

describe('escapeText() and escapeAttribute()', () => {
  it('escape what has a meaning in XML', () => {
    expect(escapeText(`a<b>&"'\t\n\r]]>`)).toBe(
      `a&lt;b&gt;&amp;&quot;&apos;\t\n&#13;]]&gt;`.replace('&quot;&apos;', `"'`),
    );
    expect(escapeAttribute(`a<b>&"'\t\n\r`)).toBe('a&lt;b&gt;&amp;&quot;&apos;&#9;&#10;&#13;');
  });

  it('replace what XML 1.0 cannot carry, and keep surrogate pairs', () => {
    const text = '\0\u001f\ud800\u{1f600}\udc00\ufffe\uffff\ufffd\u0085\u007f';
    expect(escapeText(text)).toBe('\ufffd\ufffd\ufffd\u{1f600}\ufffd\ufffd\ufffd\ufffd\u0085\u007f');
    expect(escapeAttribute(text)).toBe(escapeText(text));
  });

  it('write any text so that it is read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }), (text) => {
        const source = `<a b="${escapeAttribute(text)}" c='${escapeAttribute(text)}'>${escapeText(text)}</a>`;
        const { root } = readXml(Buffer.from(source));
        expect([root.text(), root.attribute('', 'b'), root.attribute('', 'c')]).toEqual(Array(3).fill(legal(text)));
      }),
      { numRuns: 500 },
    );
  });
});
