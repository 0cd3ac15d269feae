/** WS-Addressing 1.0, the Recommendation. */
export const WSA_NAMESPACE = 'http://www.w3.org/2005/08/addressing';
/** WS-Addressing as submitted in August 2004; accepted on input. */
export const WSA04_NAMESPACE = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';

/** Which WS-Addressing a message uses; `none`: it carries no such header. */
export type AddressingVersion = '2005/08' | '2004/08' | 'none';

const WSA_ANONYMOUS = `${WSA_NAMESPACE}/anonymous`;
export const WSA_NONE = `${WSA_NAMESPACE}/none`;
const WSA04_ANONYMOUS = `${WSA04_NAMESPACE}/role/anonymous`;

/** Not an address of any standard, but sent by Apache Muse and what was built on it. */
const MUSE_ANONYMOUS = `${WSA_NAMESPACE}/role/anonymous`;

/** True if replies to this address go back over the same connection. */
export function isAnonymousAddress(address: string): boolean {
  return address === WSA_ANONYMOUS || address === WSA04_ANONYMOUS || address === MUSE_ANONYMOUS;
}

/** The namespace of the headers of that version. */
export function addressingNamespaceUri(version: Exclude<AddressingVersion, 'none'>): string {
  return version === '2005/08' ? WSA_NAMESPACE : WSA04_NAMESPACE;
}

/** The anonymous address as that version spells it. */
export function anonymousAddress(version: Exclude<AddressingVersion, 'none'>): string {
  return version === '2005/08' ? WSA_ANONYMOUS : WSA04_ANONYMOUS;
}
