/** How large a document may be. Every limit is inclusive: what reaches it is read, what exceeds it is refused. */
export interface XmlLimits {
  /** Bytes of the document, as it came and again as UTF-8. */
  readonly maxBytes: number;
  /** Elements inside each other; the root alone is 1. */
  readonly maxDepth: number;
  /** Attributes of one element, namespace declarations not counted. */
  readonly maxAttributes: number;
  /** UTF-8 bytes of one qualified name. */
  readonly maxNameBytes: number;
  /** Elements of the document. */
  readonly maxElements: number;
  /** Namespace declarations of one element. */
  readonly maxNamespaceDeclarations: number;
}

/** What applies where ReadOptions say nothing else. */
export const defaultXmlLimits: XmlLimits = {
  maxBytes: 4 * 1024 * 1024,
  maxDepth: 128,
  maxAttributes: 256,
  maxNameBytes: 1024,
  maxElements: 200_000,
  maxNamespaceDeclarations: 64,
};
