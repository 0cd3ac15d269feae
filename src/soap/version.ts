/** The SOAP versions that are spoken. A reply is in the version of its request. */
export type SoapVersion = '1.1' | '1.2';

export const SOAP_11_NAMESPACE = 'http://schemas.xmlsoap.org/soap/envelope/';
export const SOAP_12_NAMESPACE = 'http://www.w3.org/2003/05/soap-envelope';

/** The namespace of the envelope, which is what tells the versions apart. */
export function soapNamespace(version: SoapVersion): string {
  return version === '1.1' ? SOAP_11_NAMESPACE : SOAP_12_NAMESPACE;
}

/** The version whose envelope has this namespace; undefined for every other namespace. */
export function soapVersionOf(namespace: string): SoapVersion | undefined {
  if (namespace === SOAP_11_NAMESPACE) return '1.1';
  return namespace === SOAP_12_NAMESPACE ? '1.2' : undefined;
}

/**
 * The Content-Type of a message in UTF-8. SOAP 1.2 carries the action as a parameter (RFC 3902); SOAP 1.1 has the
 * SOAPAction header for it, so `action` is ignored there.
 */
export function contentTypeOf(version: SoapVersion, action?: string): string {
  if (version === '1.1') return 'text/xml; charset=utf-8';
  const parameter = action === undefined ? '' : `; action="${action.replace(/["\\]/g, '\\$&')}"`;
  return `application/soap+xml; charset=utf-8${parameter}`;
}
