import fc from 'fast-check';
import { XmlDocument as Libxml2Document, XmlElement as Libxml2Element } from 'libxml2-wasm';
import { describe, expect, it } from 'vitest';
import type { XmlElement } from '../../../src/xml/document.ts';
import { standalone, wrapExact } from '../../../src/xml/fragment.ts';
import { readXml, XmlError } from '../../../src/xml/reader.ts';
import { tree, type WrittenTree, writeTree } from './trees.ts';

const written = tree.map((one) => writeTree(one));

function expectSame(element: XmlElement, expected: WrittenTree): void {
  expect(element.slice().toString()).toBe(expected.source);
  expectSameContent(element, expected);
}

/** Everything but the bytes of the element's own start tag. */
function expectSameContent(element: XmlElement, expected: WrittenTree): void {
  const { namespace, prefix, localName, text, attributes } = expected;
  expect({ ...pick(element), text: element.text(), attributes: element.attributes() }).toEqual({
    namespace,
    prefix,
    localName,
    text,
    attributes,
  });
  for (const { namespace: uri, localName: name, value } of attributes) expect(element.attribute(uri, name)).toBe(value);
  expect(element.children().length).toBe(expected.children.length);
  for (const [index, child] of element.children().entries()) {
    expect(child.parent).toBe(element);
    expectSame(child, expected.children[index]!);
  }
}

function pick({ namespace, prefix, localName }: XmlElement): object {
  return { namespace, prefix, localName };
}

function everyElement(element: XmlElement, expected: WrittenTree): [XmlElement, WrittenTree][] {
  const inner = element.children().flatMap((child, index) => everyElement(child, expected.children[index]!));
  return [[element, expected], ...inner];
}

/** NameChar with the colon (XML 1.0 production 4a) above ASCII: with them in front, a prefix is a part of another name. */
const nameCharacters = [
  'b7',
  'c0-d6',
  'd8-f6',
  'f8-37d',
  '37f-1fff',
  '200c-200d',
  '203f-2040',
  '2070-218f',
  '2c00-2fef',
]
  .concat('3001-d7ff', 'f900-fdcf', 'fdf0-fffd', '10000-effff')
  .map((range) => range.replaceAll(/[0-9a-f]+/g, String.raw`\u{$&}`))
  .join('');
const writtenQName = new RegExp(`(?<![-.0-9:A-Z_a-z${nameCharacters}])(p1|p|q|wsnt|ñ|x-y):name`, 'gu');

/** What the QNames in the content mean, in document order. */
function meanings(element: XmlElement): (string | undefined)[] {
  const own = [...element.text().matchAll(writtenQName)].map(([, prefix]) => element.resolvePrefix(prefix ?? ''));
  return [element.resolvePrefix(''), ...own, ...element.children().flatMap(meanings)];
}

describe('readXml() of what was written', () => {
  it('gives the same names, attributes, text and slices', () => {
    fc.assert(fc.property(written, (one) => expectSame(readXml(Buffer.from(one.source)).root, one)));
  });

  it('gives the namespaces in scope of every element', () => {
    fc.assert(
      fc.property(written, (one) => {
        for (const [element, expected] of everyElement(readXml(Buffer.from(one.source)).root, one)) {
          expect(new Map(element.inScope())).toEqual(expected.scope);
          for (const [prefix, uri] of expected.scope) expect(element.resolvePrefix(prefix)).toBe(uri);
        }
      }),
    );
  });

  it('agrees with libxml2 on names, attributes and text', () => {
    fc.assert(
      fc.property(written, (one) => {
        const ours = everyElement(readXml(Buffer.from(one.source)).root, one).map(([element]) => describeOurs(element));
        const complaint = libxml2Complaint(Buffer.from(one.source));
        if (complaint === undefined) expect(describeTheirs(one.source)).toEqual(ours);
        else expect(complaint).toContain('is not a valid URI');
      }),
    );
  });
});

interface Described {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly string[];
  /** Only of elements without child elements, where both mean the same by it. */
  readonly text: string | undefined;
}

function describeOurs(element: XmlElement): Described {
  const attributes = element.attributes().map((one) => `{${one.namespace}}${one.localName}=${one.value}`);
  const text = element.children().length === 0 ? element.text() : undefined;
  return { name: element.localName, namespace: element.namespace, attributes: attributes.sort(), text };
}

function describeTheirs(source: string): Described[] {
  const document = Libxml2Document.fromString(source);
  try {
    return document.find('//*').map((node) => {
      if (!(node instanceof Libxml2Element)) throw new Error('Expected elements only');
      const attributes = node.attrs.map((one) => `{${one.namespaceUri}}${one.name}=${one.value}`);
      const text = node.find('*').length === 0 ? node.content : undefined;
      return { name: node.name, namespace: node.namespaceUri, attributes: attributes.sort(), text };
    });
  } finally {
    document.dispose();
  }
}

/** What libxml2 has against a document; undefined = nothing. */
function libxml2Complaint(bytes: Uint8Array): string | undefined {
  try {
    Libxml2Document.fromBuffer(bytes).dispose();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

describe('standalone() and wrapExact()', () => {
  it('keep the meaning of every element and every QName in content', () => {
    fc.assert(
      fc.property(written, (one) => {
        for (const [element, expected] of everyElement(readXml(Buffer.from(one.source)).root, one)) {
          const alone = readXml(Buffer.from(standalone(element))).root;
          expectSameContent(alone, expected);
          expect(meanings(alone)).toEqual(meanings(element));
          const wrapped = readXml(wrapExact(element, { namespace: 'urn:wrapper', localName: 'w', prefix: 'p' })).root;
          expect(wrapped.is('urn:wrapper', 'w')).toBe(true);
          expect(wrapped.children().length).toBe(1);
          expectSame(wrapped.children()[0]!, expected);
          expect(meanings(wrapped.children()[0]!)).toEqual(meanings(element));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('readXml() of damaged documents', () => {
  const damage = fc.array(
    fc.record({
      at: fc.nat(),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('<>&;:"\'=/![]-?x \n'))),
      mode: fc.nat(2),
    }),
    { minLength: 1, maxLength: 4 },
  );

  function applyDamage(source: string, changes: readonly { at: number; byte: number; mode: number }[]): Buffer {
    let bytes = Buffer.from(source);
    for (const { at, byte, mode } of changes) {
      const place = at % (bytes.length + 1);
      const rest = bytes.subarray(mode === 0 ? place : place + 1);
      bytes = Buffer.concat([bytes.subarray(0, place), mode === 2 ? Buffer.alloc(0) : Buffer.from([byte]), rest]);
    }
    return bytes;
  }

  it('throws nothing but XmlError, and accepts what libxml2 accepts', () => {
    fc.assert(
      fc.property(written, damage, (one, changes) => {
        const bytes = applyDamage(one.source, changes);
        const complaint = libxml2Complaint(bytes);
        let ours: XmlError | undefined;
        try {
          readXml(bytes);
        } catch (error) {
          if (!(error instanceof XmlError)) throw error;
          ours = error;
        }
        if (ours?.kind === 'forbidden' || complaint?.includes('is not a valid URI') === true) return;
        expect({ ours: ours?.message, isAccepted: ours === undefined }).toEqual({
          ours: ours?.message,
          isAccepted: complaint === undefined,
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but XmlError for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(() => readXml(bytes)).toThrow(XmlError);
      }),
    );
  });
});
