import { XmlDocument as Libxml2Document } from 'libxml2-wasm';
import { describe, expect, it } from 'vitest';
import { readXml, XmlError } from '../../../src/xml/reader.ts';
import {
  type ConformanceCase,
  hasDoctype,
  hasInstruction,
  readConformanceSuite,
  withoutForbidden,
} from './conformance-suite.ts';

type Verdict = 'accepted' | XmlError['kind'];

function verdictOf(bytes: Uint8Array): Verdict {
  try {
    readXml(bytes);
    return 'accepted';
  } catch (error) {
    if (error instanceof XmlError) return error.kind;
    throw error;
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

/** Where libxml2 and the standards part, or where it reads more encodings than this reader means to. */
function isKnownDifference(bytes: Buffer, ours: Verdict, complaint: string | undefined): boolean {
  const text = bytes.toString('latin1');
  const declared =
    /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*encoding=["']([^"']+)["']/.exec(text)?.[1]?.toLowerCase() ?? 'utf-8';
  if (complaint === undefined) {
    const isForeign = !['utf-8', 'utf-16', 'iso-8859-1', 'us-ascii'].includes(declared);
    // XML 1.0 §4.3.3: a declaration must not contradict the byte order mark.
    const contradictsMark = text.startsWith('\u00ef\u00bb\u00bf') && declared !== 'utf-8';
    return ours === 'encoding' && (isForeign || contradictsMark);
  }
  // Namespaces in XML 1.0 §2.2: a name that is no URI is an error, not a namespace constraint.
  if (complaint.includes('is not a valid URI')) return true;
  // Without a DTD a namespace declaration is CDATA, and spaces around its value count (XML 1.0 §3.3.3).
  return /xmlns(:\w+)?=" /.test(text) && complaint.includes('redefined');
}

const suite = readConformanceSuite();
const applicable = suite.filter((one) => one.appliesToFifthEdition);
const wellFormed = applicable.filter(({ type }) => type === 'valid' || type === 'invalid');
const isForbidden = (one: ConformanceCase): boolean => hasDoctype(one) || hasInstruction(one);

/** The cases that got another verdict than the rule says. */
function exceptions(cases: readonly ConformanceCase[], rule: (verdict: Verdict) => boolean): string[] {
  return cases
    .map((one) => ({ ...one, verdict: verdictOf(one.bytes) }))
    .filter(({ verdict }) => !rule(verdict))
    .map(({ id, verdict }) => `${id}: ${verdict}`);
}

describe('readXml() on the W3C conformance suite', () => {
  it(`knows all ${suite.length} documents of the suite`, () => {
    expect(suite.length).toBeGreaterThanOrEqual(2586);
  });

  const notWellFormed = applicable.filter(({ type }) => type === 'not-wf');
  it(`refuses the ${notWellFormed.length} documents that are not well-formed`, () => {
    expect(notWellFormed.length).toBeGreaterThanOrEqual(1187);
    expect(exceptions(notWellFormed, (verdict) => verdict !== 'accepted')).toEqual([]);
  });

  const plain = wellFormed.filter((one) => !isForbidden(one) && one.isNamespaceWellFormed);
  it(`accepts the ${plain.length} well-formed documents without DTD and processing instructions`, () => {
    expect(plain.length).toBeGreaterThanOrEqual(62);
    expect(exceptions(plain, (verdict) => verdict === 'accepted')).toEqual([]);
  });

  const forbidden = wellFormed.filter(isForbidden);
  it(`calls the ${forbidden.length} well-formed documents with a DTD or a processing instruction forbidden`, () => {
    expect(forbidden.length).toBeGreaterThanOrEqual(990);
    expect(exceptions(forbidden, (verdict) => verdict === 'forbidden')).toEqual([]);
  });

  const illNamespaced = wellFormed.filter((one) => !isForbidden(one) && !one.isNamespaceWellFormed);
  it(`refuses the ${illNamespaced.length} well-formed documents that break Namespaces in XML`, () => {
    expect(illNamespaced.length).toBeGreaterThanOrEqual(2);
    expect(exceptions(illNamespaced, (verdict) => verdict === 'not-well-formed')).toEqual([]);
  });

  // Documents on which processors may differ: a verdict, whichever.
  const free = suite.filter(({ type, appliesToFifthEdition }) => type === 'error' || !appliesToFifthEdition);
  it(`comes to a verdict on the other ${free.length} documents`, () => {
    expect(free.length).toBeGreaterThanOrEqual(340);
    expect(exceptions(free, () => true)).toEqual([]);
  });

  it('leaves no document of the suite out', () => {
    const counted = notWellFormed.length + plain.length + forbidden.length + illNamespaced.length + free.length;
    expect(counted).toBe(suite.length);
  });
});

describe('readXml() on the suite with DTDs and processing instructions cut out', () => {
  const stripped = suite.flatMap((one) => {
    const bytes = withoutForbidden(one);
    return bytes === undefined ? [] : [{ id: one.id, bytes }];
  });

  const opinions = stripped.map(({ id, bytes }) => ({ id, bytes, complaint: libxml2Complaint(bytes) }));
  const accepted = opinions.filter(({ complaint }) => complaint === undefined);
  it(`agrees with libxml2 on ${stripped.length} documents, ${accepted.length} of them well-formed`, () => {
    expect(stripped.length).toBeGreaterThanOrEqual(2531);
    expect(accepted.length).toBeGreaterThanOrEqual(1702);
    const disagreements = opinions
      .map((one) => ({ ...one, ours: verdictOf(one.bytes) }))
      .filter(({ complaint, ours }) => (complaint === undefined) !== (ours === 'accepted'));
    expect(disagreements.length).toBeLessThanOrEqual(9);
    const unexplained = disagreements.filter(
      ({ bytes, ours, complaint }) => !isKnownDifference(bytes, ours, complaint),
    );
    expect(unexplained.map(({ id, ours, complaint }) => ({ id, ours, complaint }))).toEqual([]);
  });
});
