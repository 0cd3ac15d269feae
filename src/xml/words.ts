// Nothing but constants, and nothing before them: only then the bundle has their values in the places where they are used.

/** Columns of a word in the Lexicon. A word is the index of its row's first cell. */

/** Where its bytes begin in `letters`, and how many they are. */
export const LETTERS = 0;
export const LENGTH = 1;
/** What it is as the name of an attribute; 0 = not looked at yet. */
export const ROLE = 2;
/** As a qualified name: the words on both sides of the colon. */
export const PREFIX = 3;
export const LOCAL = 4;
/** As a name: the one that came next in the document the last time, and another that has come next before; 0 = none. */
export const NEXT = 5;
export const OTHER_NEXT = 11;
/** As a prefix: the namespace + 1 that it is bound to where the reader is; 0 = none. */
export const BINDING = 6;
/** As the name of an attribute: the stamp of the last start tag that had it. */
export const SEEN_IN = 7;
/** As the name of a declaration: the value that it had the last time; 0 = none that may be guessed. */
export const VALUE = 8;
/** As the value of a declaration: the namespace + 1 that it names; 0 = not looked at yet. */
export const NAMED = 9;
export const HASH = 10;
export const WORD_WIDTH = 12;

/** Words that there always are: no prefix, and the two that Namespaces in XML 1.0 §3 reserves. */
export const EMPTY_WORD = 0;
export const XML_WORD = 12;
export const XMLNS_WORD = 24;

/** What a name is as an attribute. */
export const ORDINARY = 1;
/** `xmlns` */
export const DEFAULT_DECLARATION = 2;
/** `xmlns:p` */
export const PREFIX_DECLARATION = 3;

/** Bound to the prefix `xml`, in every document. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Bound to the prefix `xmlns`, in every document. */
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** Namespaces that there always are. */
export const NO_NAMESPACE = 0;
export const XML_NAMESPACE_ID = 1;
export const XMLNS_NAMESPACE_ID = 2;
