/** The name of an element. */
export interface ElementName {
  /** '' = none. */
  readonly namespace: string;
  readonly localName: string;
}

/** The name as one string: `{namespace}localName`. */
export function expandedName({ namespace, localName }: ElementName): string {
  return `{${namespace}}${localName}`;
}
