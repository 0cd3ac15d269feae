import { describe, expect, it } from 'vitest';
import { readXml, XmlError } from '../../../src/xml/reader.ts';

const rootOf = (source: string) => readXml(Buffer.from(source)).root;

/** What came of a document: everything in it, or why it was refused. */
function outcomeOf(source: string): unknown {
  try {
    return readXml(Buffer.from(source))
      .elements()
      .map((element) => [element.namespace, element.prefix, element.localName, element.text(), element.attributes()]);
  } catch (error) {
    return error instanceof XmlError ? `${error.kind}: ${error.message}` : error;
  }
}

/** Reads so many names that all that were known before are given up. */
function forgetNames(): void {
  rootOf(`<r>${Array.from({ length: 4200 }, (_, i) => `<n${i}/>`).join('')}</r>`);
}

/** What one reading leaves for the next must not be seen. */
describe('readXml() of one document after another', () => {
  it.each([
    ['a broken one', '<p:a xmlns:p="urn:p" xmlns="urn:d"><b xmlns:q="urn:q">', XmlError],
    [
      'one that breaks in a start tag',
      '<p:a xmlns:p="urn:p"><b xmlns:p="urn:q" xmlns:q="urn:q" p:c="1" q:c="2"/>',
      XmlError,
    ],
    ['one whose reader breaks off', '<p:a xmlns:p="urn:p" xmlns="urn:d"><b xmlns:q="urn:q"/></p:a>', RangeError],
  ])('knows no prefix of %s', (_, source, error) => {
    const stopAt = (): boolean => {
      if (error === RangeError) throw new RangeError('enough');
      return false;
    };
    expect(() => readXml(Buffer.from(source), { stopAt })).toThrow(error);
    for (const prefix of ['p', 'q']) expect(() => rootOf(`<${prefix}:a/>`)).toThrow('a prefix that is declared here');
    expect(rootOf('<a/>').namespace).toBe('');
  });

  it('knows no prefix of one that was not read to its end', () => {
    const source = '<p:a xmlns:p="urn:p" xmlns="urn:d"><b/></p:a>';
    const document = readXml(Buffer.from(source), { stopAt: (_, name) => name === 'b' });
    expect(() => rootOf('<p:a/>')).toThrow('a prefix that is declared here');
    expect(rootOf('<a/>').namespace).toBe('');
    expect(document.root.children()[0]?.namespace).toBe('urn:d');
  });

  it('leaves what was read before as it was', () => {
    const first = rootOf('<p:a xmlns:p="urn:1" p:x="1"><p:b>one</p:b></p:a>');
    const second = rootOf('<p:a xmlns:p="urn:2" p:x="2"><p:b>two</p:b></p:a>');
    const seen = [first, second].map((root) => [
      root.namespace,
      root.attributes()[0]?.value,
      root.children()[0]?.text(),
    ]);
    expect(seen).toEqual([
      ['urn:1', '1', 'one'],
      ['urn:2', '2', 'two'],
    ]);
  });

  it('can read another while it reads one', () => {
    const inner: string[] = [];
    const document = readXml(Buffer.from('<p:a xmlns:p="urn:1"><p:b/><p:c/></p:a>'), {
      stopAt: () => {
        inner.push(rootOf('<p:a xmlns:p="urn:2"><p:x/></p:a>').children()[0]?.namespace ?? '');
        return false;
      },
    });
    expect(inner).toEqual(['urn:2', 'urn:2', 'urn:2']);
    expect(document.root.children().map(({ namespace, localName }) => namespace + localName)).toEqual([
      'urn:1b',
      'urn:1c',
    ]);
  });

  it('does not take a name or a namespace for the one that stood there before', () => {
    const of = (source: string): string[] =>
      rootOf(source)
        .children()
        .map(({ namespace, localName }) => `${namespace} ${localName}`);
    for (const [source, expected] of [
      ['<r><aa xmlns="urn:1"/></r>', 'urn:1 aa'],
      ['<r><aab xmlns="urn:1"/></r>', 'urn:1 aab'],
      ['<r><aa xmlns="urn:12"/></r>', 'urn:12 aa'],
      ['<r><a xmlns="urn:1"/></r>', 'urn:1 a'],
      ["<r><a xmlns='urn:1'/></r>", 'urn:1 a'],
      ["<r><a xmlns='urn:\"1'/></r>", 'urn:"1 a'],
      ['<r><a xmlns=""/></r>', ' a'],
    ] as const) {
      for (let i = 0; i < 3; i++) expect(of(source)).toEqual([expected]);
    }
    for (let i = 0; i < 3; i++) rootOf(`<r><b xmlns='urn:"1'/></r>`);
    expect(() => rootOf('<r><b xmlns="urn:"1"/></r>')).toThrow('white space');
  });

  it('reads what is nearly a document that it knows as if it knew none', () => {
    const known = '<p:a xmlns:p="urn:p" x="1" p:y="2"><b p:y="é"/><bc></bc>t</p:a>';
    const changed = Array.from(known, (_, at) => [known.slice(0, at), known.slice(at + 1)] as const).flatMap(
      ([before, after]) => ['', ' ', '\n', 'x', "'", '"', '>', 'é'].map((put) => before + put + after),
    );
    const others = changed.concat(
      changed.map((source) => source.replaceAll(' ', '\n  ')),
      ["<p:a xmlns:p='urn:p' x='1' p:y='2'/>", '<p:a xmlns:p = "urn:p" x= "1" p:y ="2"><b\t p:y="3" /></p:a\n>'],
    );
    forgetNames();
    const fresh = others.map((source, index) => {
      if (index % 40 === 0) forgetNames();
      return outcomeOf(source);
    });
    const again = others.map((source) => {
      for (let i = 0; i < 2; i++) rootOf(known);
      return outcomeOf(source);
    });
    expect(again).toEqual(fresh);
  });

  it('keeps to the limit of this document, whatever names it knows', () => {
    for (const source of ['<abcdefghij/>', '<a abcdefghij="1"/>']) {
      for (let i = 0; i < 3; i++) rootOf(source);
      expect(() => readXml(Buffer.from(source), { limits: { maxNameBytes: 9 } })).toThrow('at most 9 bytes');
    }
  });

  it('reads on after a document that is larger than what is kept', () => {
    const small = '<p:a xmlns:p="urn:p"><p:b>small</p:b></p:a>';
    const before = rootOf(small);
    const large = rootOf(`<r>${'<a b="1"/>'.repeat(150_000)}</r>`);
    const after = rootOf(small);
    expect(large.children().length).toBe(150_000);
    expect(large.children().at(-1)?.attribute('', 'b')).toBe('1');
    expect([before, after].map((root) => root.child('urn:p', 'b')?.text())).toEqual(['small', 'small']);
  });

  it('reads on after thousands of names', () => {
    for (let round = 0; round < 3; round++) {
      const names = Array.from({ length: 3000 }, (_, i) => `n${round}-${i}`);
      const root = rootOf(`<r>${names.map((name) => `<${name}/>`).join('')}</r>`);
      expect(root.children().map(({ localName }) => localName)).toEqual(names);
    }
  });
});
