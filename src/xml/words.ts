import type { Spelling } from './spelling.ts';

/** Namespaces that there always are, as numbers of the Lexicon. */
export const NO_NAMESPACE = 0;
export const XML_NAMESPACE_ID = 1;
export const XMLNS_NAMESPACE_ID = 2;
/** What a prefix is bound to that is not declared. */
export const UNDECLARED = -1;

/** Bound to the prefix `xml`, in every document. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Bound to the prefix `xmlns`, in every document. */
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** A name, a part of a name, or the name of a namespace. There is one for each text in a Lexicon, so they may be compared. */
export interface Word {
  readonly text: string;
  /** UTF-8 bytes. */
  readonly length: number;
  readonly hash: number;
  /** What it is as a qualified name; undefined = none, or not looked at yet. */
  name: Name | undefined;
  /** As a prefix: the namespace that it is bound to where the reader is, or UNDECLARED. */
  binding: number;
  /** As the value of a declaration. */
  asValue: NamespaceName | undefined;
}

/** The value of a namespace declaration. */
export interface NamespaceName {
  readonly namespace: number;
  /** With the closing quote. Undefined = not to be guessed: it was met only once, it is long, or there is a quote in it. */
  closed: Spelling | undefined;
}

/** A qualified name that was checked and taken apart, with what is remembered of where it stood before. */
export interface Name {
  /** Its number in the Lexicon. */
  readonly id: number;
  readonly text: string;
  /** UTF-8 bytes. */
  readonly length: number;
  readonly prefix: Word;
  readonly local: Word;
  /** As an attribute: the prefix that it declares; undefined = it is no namespace declaration. */
  readonly declares: Word | undefined;
  /** `<name`, `</name>` and ` name="`; NEVER until it is met for the second time. */
  asStart: Spelling;
  asEnd: Spelling;
  asAttribute: Spelling;
  /** The name that came next in the document the last time, and another that has come next before. */
  next: Name | undefined;
  otherNext: Name | undefined;
  /** The stamp of the last start tag that had it as an attribute. */
  seenIn: number;
  /** As a declaration: the value that it had the last time. */
  value: NamespaceName | undefined;
}
