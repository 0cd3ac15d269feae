/**
 * Why a document was refused.
 * `not-well-formed`: XML 1.0 (fifth edition) or Namespaces in XML 1.0 forbids it.
 * `forbidden`: XML allows it, this reader does not (document type declarations, processing instructions).
 * `limit`: larger than one of the XmlLimits.
 * `encoding`: bytes that are not what the document says they are, or an encoding that is not read here.
 */
export type XmlErrorKind = 'not-well-formed' | 'forbidden' | 'limit' | 'encoding';

/** A document that was refused, and where. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly kind: XmlErrorKind;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters (not bytes). */
  readonly column: number;
  /** In bytes, from 0, in the UTF-8 form of the document; for `encoding` errors in the bytes as they came. */
  readonly offset: number;

  constructor(
    kind: XmlErrorKind,
    message: string,
    where: { readonly line: number; readonly column: number; readonly offset: number },
  ) {
    super(`${message} (line ${where.line}, column ${where.column})`);
    this.kind = kind;
    this.line = where.line;
    this.column = where.column;
    this.offset = where.offset;
  }
}
