/** A WS-Addressing endpoint reference, as far as a sender needs it (WS-Addressing Core §2.1). */
export interface EndpointReference {
  /** An absolute IRI, without outer white space. */
  readonly address: string;
  /**
   * The reference parameters (in 2004/08 also the reference properties, which come first): each a complete XML element
   * that declares every namespace it uses, so that it can be copied into the header of a message to this endpoint.
   */
  readonly referenceParameters: readonly string[];
  /** Set if it was written in WS-Addressing 2004/08: messages to it have headers of that version. */
  readonly addressing?: '2004/08';
}
