import type { XPathExpression } from '../../xml/xpath/xpath.ts';
import type { Filter } from '../messages.ts';
export function contentExpressions(_filter: Filter): readonly XPathExpression[] {
  return [];
}
export function producerExpressions(_filter: Filter): readonly XPathExpression[] {
  return [];
}
export function queryMatches(_filter: Filter, _payload: Uint8Array): boolean {
  return true;
}
export function payloadOf(message: Uint8Array): Uint8Array {
  return message;
}
