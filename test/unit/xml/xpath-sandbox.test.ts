import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { standalone } from '../../../src/xml/fragment.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { MAX_NODES, MAX_RESULT_LENGTH, MAX_TESTS } from '../../../src/xml/xpath/protocol.ts';
import { MAX_DOCUMENT_BYTES, XPathSandbox } from '../../../src/xml/xpath/sandbox.ts';
import { XPathError } from '../../../src/xml/xpath/xpath.ts';
import type { XPathExpression, XPathResult } from '../../../src/xml/xpath/xpath.ts';
import { bundled } from '../../support/bundled.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { tree, writeTree } from './trees.ts';

/** Where time is not the subject, a busy machine must not make it one. */
const patient = new XPathSandbox({ startMs: 60_000, limitMs: 20_000 });
afterAll(() => patient.dispose());

const NAMESPACES = { p: 'urn:p' };
const xpath = (text: string, namespaces: Readonly<Record<string, string>> = NAMESPACES): XPathExpression => ({
  text,
  namespaces,
});
const doc = (xml: string): Buffer => Buffer.from(xml);
const SAMPLE = doc(
  '<p:a xmlns:p="urn:p" xmlns:q="urn:q" id="1"><p:b q:x="2">t<![CDATA[&]]>u</p:b><!-- c --><c/></p:a>',
);

const testOf = (document: Buffer, ...texts: string[]): readonly (boolean | undefined)[] =>
  patient.test(
    document,
    texts.map((text) => xpath(text)),
  );

function reasonOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof XPathError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'none';
}

/** Never ends, as far as anybody can wait: the cost is to the fourth power of the number of elements. */
const ENDLESS = '//*[count(//*[count(//*[count(//*)>0])>0])>0]';
const WIDE = doc(`<a>${'<b/>'.repeat(3000)}</a>`);

describe('XPathSandbox.test', () => {
  test('tells for each expression whether it is true of the document', () => {
    expect(
      testOf(SAMPLE, 'p:a', '/p:a/@id = 1', 'b', '//c', 'false()', '0', '1', '""', '"x"', 'count(//*) = 3', '.', '/..'),
    ).toEqual([true, true, false, true, false, false, true, false, true, true, true, false]);
    expect(patient.test(SAMPLE, [])).toEqual([]);
  });

  test('CDATA sections are text, and part of the text around them', () => {
    expect(testOf(SAMPLE, 'p:a/p:b/text()[1] = "t&u"', 'count(//p:b/text()) = 1')).toEqual([true, true]);
  });

  test('an expression that is none, or fails, is not true; the others are not touched', () => {
    const texts = ['1 +', 'q:b', '$v', 'foo()', 'true()) or (1', '', '//b | 1', 'count(1)', 'document("a")'];
    expect(testOf(SAMPLE, 'p:a', ...texts, 'p:a')).toEqual([true, ...texts.map(() => false), true]);
  });

  test('the same text with other namespaces is another expression', () => {
    const expressions = ['urn:p', 'urn:x', 'urn:p'].map((namespace) => xpath('/n:a', { n: namespace }));
    expect(patient.test(SAMPLE, expressions)).toEqual([true, false, true]);
    expect(patient.test(SAMPLE, [xpath('/a', { '': 'urn:p' })])).toEqual([false]);
  });

  test.each(['', 'no document', '<a>', '<a/><b/>', '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'])(
    'nothing is true of %j',
    (xml) => {
      expect(testOf(doc(xml), 'true()', '1')).toEqual([false, false]);
      expect(testOf(SAMPLE, 'true()')).toEqual([true]);
    },
  );

  test('neither a document nor an expression is changed or kept', () => {
    const slab = Buffer.from(`xx${SAMPLE.toString()}xx`);
    const slice = slab.subarray(2, -2);
    expect(testOf(slice, 'p:a')).toEqual([true]);
    slab.fill(0x20);
    expect(testOf(SAMPLE, 'p:a')).toEqual([true]);
    expect(SAMPLE.toString()).toContain('<p:a ');
  });

  test('more expressions than one round takes, and than are kept', async () => {
    const small = new XPathSandbox({ startMs: 60_000, limitMs: 20_000, maxCompiled: MAX_TESTS });
    const expressions = Array.from({ length: MAX_TESTS + 500 }, (_, i) => xpath(`count(//b) = ${i}`));
    const document = doc(`<a>${'<b/>'.repeat(7)}</a>`);
    for (let round = 0; round < 2; round += 1) {
      const results = small.test(document, expressions);
      expect(results.length).toBe(expressions.length);
      expect(results.flatMap((value, i) => (value ? [i] : []))).toEqual([7]);
    }
    await small.dispose();
  });

  test('a document that is too large is counted, and nothing is true of it', () => {
    const before = patient.counts.limit;
    const fitting = `<a>${'x'.repeat(MAX_DOCUMENT_BYTES - 7)}</a>`;
    expect(testOf(doc(fitting), 'true()')).toEqual([true]);
    expect(testOf(doc(`${fitting} `), 'true()')).toEqual([false]);
    expect(patient.counts.limit).toBe(before + 1);
  });
});

describe('XPathSandbox.evaluate', () => {
  const evaluate = (text: string, context?: 'document' | 'root-element'): XPathResult =>
    patient.evaluate(SAMPLE, xpath(text), context);

  test.each<[string, XPathResult]>([
    ['1 = 1', { kind: 'boolean', value: true }],
    ['count(//*)', { kind: 'number', value: 3 }],
    ['number("x")', { kind: 'number', value: NaN }],
    ['string(//p:b)', { kind: 'string', value: 't&u' }],
    ['//nothing', { kind: 'nodes', nodes: [] }],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test('nodes come in document order, elements with the namespaces they use and where they are', () => {
    const a = { namespace: 'urn:p', localName: 'a' };
    expect(evaluate('//c | //@* | //p:b | //text() | //comment()')).toEqual({
      kind: 'nodes',
      nodes: [
        { xml: '1', kind: 'attribute', path: [] },
        {
          xml: '<p:b xmlns:q="urn:q" xmlns:p="urn:p" q:x="2">t<![CDATA[&]]>u</p:b>',
          kind: 'element',
          path: [a, { namespace: 'urn:p', localName: 'b' }],
        },
        { xml: '2', kind: 'attribute', path: [] },
        { xml: 't&amp;u', kind: 'text', path: [] },
        { xml: '<!-- c -->', kind: 'other', path: [] },
        { xml: '<c/>', kind: 'element', path: [a, { namespace: '', localName: 'c' }] },
      ],
    });
    expect(evaluate('/')).toEqual({ kind: 'nodes', nodes: [{ xml: SAMPLE.toString(), kind: 'other', path: [] }] });
  });

  test('namespace nodes, which libxml2 frees at once, are not looked at', () => {
    const result = evaluate('//namespace::*');
    const nodes = result.kind === 'nodes' ? result.nodes : [];
    expect(nodes.length).toBeGreaterThan(0);
    expect(nodes.every((node) => node.xml === '' && node.kind === 'other')).toBe(true);
  });

  test('the context is the document, or the root element', () => {
    expect(evaluate('count(p:a)')).toEqual({ kind: 'number', value: 1 });
    expect(evaluate('count(p:b)', 'root-element')).toEqual({ kind: 'number', value: 1 });
    expect(evaluate('count(p:a)', 'root-element')).toEqual({ kind: 'number', value: 0 });
  });

  test.each([
    ['1 +', 'syntax: '],
    ['z:a', 'syntax: '],
    ['count(1)', 'evaluation: '],
    ['//b | 1', 'evaluation: '],
  ])('%s fails with %s', (text, reason) => {
    expect(reasonOf(() => evaluate(text))).toContain(reason);
  });

  test('a document that is none is an evaluation error', () => {
    for (const xml of ['<a>', '<!DOCTYPE a><a/>', '<?p?><a/>']) {
      expect(reasonOf(() => patient.evaluate(doc(xml), xpath('/*')))).toMatch(/^evaluation: The document /);
    }
  });

  test('results have limits', () => {
    const nodes = (count: number): Buffer => doc(`<a>${'<b/>'.repeat(count)}</a>`);
    expect(reasonOf(() => patient.evaluate(nodes(MAX_NODES), xpath('//b')))).toBe('none');
    expect(reasonOf(() => patient.evaluate(nodes(MAX_NODES + 1), xpath('//b')))).toMatch(/^limit: .* 10001 nodes/);
    const text = doc(`<a>${'x'.repeat(MAX_RESULT_LENGTH + 1)}</a>`);
    expect(reasonOf(() => patient.evaluate(text, xpath('/a/text()')))).toMatch(/^limit: Found a result of more than/);
    expect(reasonOf(() => patient.evaluate(text, xpath('string(/)')))).toMatch(/^limit: Found a result of /);
    const huge = doc(`<a>${' '.repeat(MAX_DOCUMENT_BYTES)}</a>`);
    expect(reasonOf(() => patient.evaluate(huge, xpath('/a')))).toMatch(/^limit: Found a document of 4194311 bytes/);
  });

  test('elements are the ones that our reader sees', () => {
    fc.assert(
      fc.property(tree, (one) => {
        const document = doc(writeTree(one).source);
        const elements: XmlElement[] = [];
        const collect = (element: XmlElement): void => {
          elements.push(element);
          element.children().forEach(collect);
        };
        collect(readXml(document).root);
        const result = patient.evaluate(document, xpath('//*'));
        const nodes = result.kind === 'nodes' ? result.nodes : [];
        expect(nodes.map(({ xml }) => xml)).toEqual(elements.map((element) => standalone(element)));
        expect(nodes.map(({ path }) => path.at(-1))).toEqual(
          elements.map(({ namespace, localName }) => ({ namespace, localName })),
        );
      }),
    );
  });
});

describe('XPathSandbox.check', () => {
  test.each(['p:a', '//*[1]', '1', 'a or b', 'count(1)'])('accepts %s', (text) => {
    expect(reasonOf(() => patient.check(xpath(text)))).toBe('none');
  });

  test.each(['1 +', 'a[', '/a/', 'a//', 'x:a', '$v', 'foo()', 'a b', '[1]', 'a[]', '()', 'a/text()[', '..a'])(
    'refuses %s',
    (text) => {
      expect(reasonOf(() => patient.check(xpath(text)))).toMatch(/^syntax: /);
    },
  );
});

describe('what a stranger can do to XPathSandbox', () => {
  /** A busy machine leaves things open; whoever asks again gets an answer at last. */
  function decided(sandbox: XPathSandbox, document: Buffer, expressions: readonly XPathExpression[]) {
    const results: (boolean | undefined)[] = expressions.map(() => undefined);
    for (let tries = 0; tries < 200 && results.includes(undefined); tries += 1) {
      sandbox.test(document, expressions).forEach((result, index) => (results[index] ??= result));
    }
    return results;
  }

  /** As reasonOf(), of a call that a busy machine may refuse. */
  function decidedReason(action: () => unknown): string {
    for (let tries = 0; tries < 50; tries += 1) {
      try {
        return reasonOf(action);
      } catch (error) {
        expect(error).toBeInstanceOf(InfrastructureError);
      }
    }
    return 'busy';
  }

  test('an endless expression costs nobody else their answer, and is refused after three strikes', async () => {
    const clock = new ManualClock();
    const sandbox = new XPathSandbox({ startMs: 60_000, limitMs: 200, clock });
    await sandbox.start();
    const expressions = [xpath('//b'), xpath(ENDLESS), xpath('count(//b) = 3000'), xpath('//c')];
    const refused = (): boolean => decidedReason(() => sandbox.evaluate(WIDE, xpath(ENDLESS))).includes('not tried');
    for (let tries = 0; tries < 5 && !refused(); tries += 1) {
      expect(decided(sandbox, WIDE, expressions)).toEqual([true, false, true, false]);
    }
    expect(decidedReason(() => sandbox.evaluate(WIDE, xpath(ENDLESS)))).toMatch(/^limit: .* not tried for some time/);
    const { limit, replaced } = sandbox.counts;
    expect(replaced).toBeGreaterThanOrEqual(3);
    expect(decided(sandbox, WIDE, expressions)).toEqual([true, false, true, false]);
    expect(sandbox.counts.limit).toBeGreaterThan(limit);
    // After a while it may be tried again, on a document that is harmless.
    clock.jump(10 * 60 * 1000);
    expect(decided(sandbox, doc('<a/>'), expressions)).toEqual([false, true, false, false]);
    await sandbox.dispose();
  }, 120_000);

  test('evaluate breaks an endless expression off', async () => {
    const sandbox = new XPathSandbox({ startMs: 60_000, limitMs: 200 });
    expect(decidedReason(() => sandbox.evaluate(WIDE, xpath(ENDLESS)))).toMatch(/^limit: .* longer than 200 ms/);
    expect(sandbox.counts.replaced).toBeGreaterThanOrEqual(2);
    expect(decided(sandbox, WIDE, [xpath('count(//b) = 3000')])).toEqual([true]);
    await sandbox.dispose();
  }, 120_000);

  test('one call ends, however many endless expressions it has; those whose turn did not come are open', async () => {
    const sandbox = new XPathSandbox({ startMs: 60_000, limitMs: 50 });
    const quick = xpath('//b');
    expect(decided(sandbox, doc('<b/>'), [quick])).toEqual([true]);
    const endless = Array.from({ length: 50 }, (_, i) => xpath(`${ENDLESS}[${i}]`));
    const results = sandbox.test(WIDE, [...endless, quick]);
    expect(results.slice(0, -1)).not.toContain(true);
    expect(results.slice(0, -1)).toContain(undefined);
    // Those that are known to be quick come first.
    expect(results.at(-1)).not.toBe(false);
    expect(sandbox.counts.replaced).toBeLessThanOrEqual(5);
    await sandbox.dispose();
  }, 120_000);

  test('an expression that wants all the memory breaks its thread, not the process', async () => {
    const sandbox = new XPathSandbox({ startMs: 60_000, limitMs: 20_000 });
    const text = doc(`<a>${'x'.repeat(MAX_DOCUMENT_BYTES - 7)}</a>`);
    const large = 'translate(/, "x", "😀")';
    const greedy = xpath(`string-length(concat(${Array.from({ length: 8 }, () => large).join()})) > 0`);
    expect(sandbox.test(text, [greedy, xpath('string-length(/) > 9')])).toEqual([false, true]);
    expect(sandbox.counts.replaced).toBeGreaterThanOrEqual(2);
    expect(decidedReason(() => sandbox.evaluate(text, greedy))).toMatch(/^limit: /);
    expect(sandbox.evaluate(text, xpath('string-length(/)'))).toEqual({
      kind: 'number',
      value: MAX_DOCUMENT_BYTES - 7,
    });
    await sandbox.dispose();
  }, 120_000);

  test.each([
    ['operators', `1${' + 1'.repeat(1000)}`],
    ['steps', `.${'/..'.repeat(1300)}`],
    ['descendants', '//a'.repeat(1300)],
    ['predicates', `a${'[1]'.repeat(1300)}`],
    ['alternatives', `a${'|a'.repeat(2000)}`],
    ['signs', `${'-'.repeat(4000)}1`],
    ['arguments', `concat(${'1,'.repeat(2000)}1)`],
  ])('thousands of %s in a row are no harm', (_, text) => {
    expect(reasonOf(() => patient.check(xpath(text)))).toBe('none');
    patient.test(SAMPLE, [xpath(text)]);
    expect(testOf(SAMPLE, 'p:a')).toEqual([true]);
    expect(patient.counts.replaced).toBe(0);
  });

  test('thousands of nodes and a depth of hundreds are read', () => {
    const deep = doc(`${'<a>'.repeat(200)}${'</a>'.repeat(200)}`);
    expect(testOf(deep, 'count(//a) = 200')).toEqual([true]);
    const endlesslyDeep = doc(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`);
    expect(testOf(endlesslyDeep, 'true()')).toEqual([false]);
    expect(testOf(doc(`<a>${'<b c="1"/>'.repeat(50_000)}</a>`), 'count(//@c) = 50000')).toEqual([true]);
  });
});

describe('the life of XPathSandbox', () => {
  test('after dispose everything is refused', async () => {
    const sandbox = new XPathSandbox();
    await sandbox.start();
    await sandbox.start();
    await sandbox.dispose();
    await sandbox.dispose();
    expect(() => sandbox.check(xpath('a'))).toThrow(InfrastructureError);
    expect(() => sandbox.test(SAMPLE, [xpath('a')])).toThrow(InfrastructureError);
    expect(() => sandbox.evaluate(SAMPLE, xpath('a'))).toThrow(InfrastructureError);
    await expect(sandbox.start()).rejects.toThrow(InfrastructureError);
  });

  test('it does not keep the process alive', () => {
    const args = [bundled(new URL('./fixtures/xpath-once.ts', import.meta.url))];
    const { status, stdout, signal } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    expect({ status, stdout, signal }).toEqual({ status: 0, stdout: 'true', signal: null });
  });
});
