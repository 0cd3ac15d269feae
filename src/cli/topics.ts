import { DIALECTS } from './names.ts';
import { UsageError } from './failure.ts';

/** A topic expression as it goes into a message. */
export interface TopicArgument {
  /** With prefixes, as the element's text. */
  readonly text: string;
  readonly dialect: string;
  /** Prefix to namespace for every prefix that the text uses. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** The prefixes that --ns declares, each `prefix=uri`. Throws UsageError. */
export function parseNamespaces(declarations: readonly string[]): Readonly<Record<string, string>> {
  const namespaces: Record<string, string> = {};
  for (const declaration of declarations) {
    const match = /^([\p{L}_][\p{L}\p{N}._-]*)=(\S+)$/u.exec(declaration);
    const [, prefix, uri] = match ?? [];
    if (prefix === undefined || uri === undefined) {
      throw new UsageError(`--ns takes prefix=uri, for example tns=urn:news, but got "${declaration}"`);
    }
    namespaces[prefix] = uri;
  }
  return namespaces;
}

/**
 * A topic as people write it: `{urn:news}sport/football`, `tns:sport/football` with --ns, or `sport/football`.
 * `dialect` is a name of DIALECTS or a URI; without it the plainest dialect that can say it: Simple for one step,
 * Concrete for a path, Full if there is a wildcard. Throws UsageError.
 */
export function parseTopic(topic: string, declared: Readonly<Record<string, string>>, dialect?: string): TopicArgument {
  const trimmed = topic.trim();
  if (trimmed === '') throw new UsageError('--topic is empty');
  const namespaces: Record<string, string> = {};
  const text = trimmed.replaceAll(/\{([^{}]*)\}/g, (_all, uri: string) => prefixFor(uri, declared, namespaces));
  const dialectUri = dialectOf(text, dialect);
  if (dialectUri !== DIALECTS['xpath'] && !/^[^\s{}]+$/.test(text)) {
    throw new UsageError(`A topic is a path such as {urn:news}sport/football, but got "${topic}"`);
  }
  // An axis (child::x) and a function's name are no prefixes.
  for (const [, prefix] of text.matchAll(/([\p{L}_][\p{L}\p{N}._-]*):(?!:)/gu)) {
    if (prefix === undefined || Object.hasOwn(namespaces, prefix)) continue;
    const uri = Object.hasOwn(declared, prefix) ? declared[prefix] : undefined;
    if (uri === undefined)
      throw new UsageError(`The topic uses the prefix "${prefix}"; declare it with --ns ${prefix}=URI`);
    namespaces[prefix] = uri;
  }
  return { text, dialect: dialectUri, namespaces };
}

function prefixFor(uri: string, declared: Readonly<Record<string, string>>, used: Record<string, string>): string {
  if (uri === '') return '';
  const known = Object.entries(used).find(([, namespace]) => namespace === uri)?.[0];
  let prefix = known;
  for (let number = 1; prefix === undefined; number += 1) {
    const candidate = `t${number}`;
    if (!Object.hasOwn(used, candidate) && !Object.hasOwn(declared, candidate)) prefix = candidate;
  }
  used[prefix] = uri;
  return `${prefix}:`;
}

function dialectOf(text: string, dialect: string | undefined): string {
  const named = (name: string): string => DIALECTS[name] ?? name;
  if (dialect === undefined) {
    if (/[*|]|\/\/|\/\.(?:\/|$)/.test(text)) return named('full');
    return named(text.includes('/') ? 'concrete' : 'simple');
  }
  if (Object.hasOwn(DIALECTS, dialect.toLowerCase())) return named(dialect.toLowerCase());
  if (dialect.includes(':')) return dialect;
  throw new UsageError(`--dialect takes ${Object.keys(DIALECTS).join(', ')} or a URI, but got "${dialect}"`);
}
