/** A WS-Addressing endpoint reference, as far as a sender needs it (WS-Addressing Core §2.1). */
export interface EndpointReference {
  /** An absolute IRI, without outer white space. */
  readonly address: string;
  /**
   * The reference parameters: each a complete XML element that declares every namespace it uses, so that it can be
   * copied into the header of a message to this endpoint.
   */
  readonly referenceParameters: readonly string[];
}
