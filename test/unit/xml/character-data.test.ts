import { describe, expect, it } from 'vitest';
import { readXml, XmlError } from '../../../src/xml/reader.ts';

const PLACES: readonly (readonly [string, string, string])[] = [
  ['text', '<a>', '</a>'],
  ['an attribute value', '<a b="', '"/>'],
  ['a comment', '<a><!--', '--></a>'],
  ['a CDATA section', '<a><![CDATA[', ']]></a>'],
];
/** Short, of a few words of four bytes, and where other ways of looking begin. */
const LENGTHS = [1, 2, 3, 4, 5, 8, 9, 63, 64, 65, 70, 130, 4200];

function errorOf(source: string): XmlError | undefined {
  try {
    readXml(Buffer.from(source));
  } catch (error) {
    if (error instanceof XmlError) return error;
    throw error;
  }
  return undefined;
}

/** Every place in a text of that length, or those near its ends. */
function offsetsIn(length: number): number[] {
  const all = Array.from({ length }, (_, i) => i);
  return length < 200 ? all : all.filter((i) => i < 80 || i > length - 80);
}

describe('every forbidden character is found, wherever it stands, in', () => {
  it.each(PLACES)('%s', (_, before, after) => {
    for (const length of LENGTHS) {
      for (const at of offsetsIn(length)) {
        for (const forbidden of ['\0', '\u0008', '\u001f', '\ufffe', '\uffff']) {
          const content = `${'x'.repeat(at)}${forbidden}${'x'.repeat(length - at - 1)}`;
          const error = errorOf(before + content + after);
          expect(error?.message).toContain('characters of XML 1.0');
          expect(error?.offset).toBe(before.length + at);
        }
      }
    }
  });
});

describe('what is allowed is let through, wherever it stands, in', () => {
  it.each(PLACES)('%s', (_, before, after) => {
    for (const length of LENGTHS) {
      for (const at of offsetsIn(length)) {
        for (const allowed of ['\t', '\n', '\r', '\u007f', '\u0080', ']', '>', "'", '\ufffd', '\u{10ffff}']) {
          const content = `${'x'.repeat(at)}${allowed}${'x'.repeat(length - at - 1)}`;
          expect(errorOf(before + content + after)).toBeUndefined();
        }
      }
    }
  });
});

describe('what ends or breaks character data is found wherever it stands', () => {
  const around = (length: number, at: number, inside: string): string =>
    `<a>${'x'.repeat(at)}${inside}${'x'.repeat(length - at)}</a>`;

  it.each([
    ['<b/>', undefined],
    ['&amp;', undefined],
    ['&lt;&#65;', undefined],
    ['&nbsp;', 'reference'],
    [']]>', '"]]>" outside'],
    [']]]>', '"]]>" outside'],
    ['<b>', 'the end tag </b>'],
  ])('%s', (inside, message) => {
    for (const length of LENGTHS) {
      for (const at of offsetsIn(length)) {
        const error = errorOf(around(length, at, inside));
        if (message === undefined) expect(error).toBeUndefined();
        else expect(error?.message).toContain(message);
      }
    }
  });

  it('"<" and "&" in attribute values', () => {
    for (const length of LENGTHS) {
      for (const at of offsetsIn(length)) {
        const value = (inside: string): string => `<a b="${'x'.repeat(at)}${inside}${'x'.repeat(length - at)}"/>`;
        expect(errorOf(value('<'))?.offset).toBe(6 + at);
        expect(errorOf(value('&'))?.message).toContain('reference');
        expect(
          readXml(Buffer.from(value('&quot;')))
            .root.attribute('', 'b')
            ?.at(at),
        ).toBe('"');
      }
    }
  });
});
