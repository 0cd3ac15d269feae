import { clipped, trimmed } from '../../soap/text.ts';
import { isQualifiedName } from '../../xml/characters.ts';

/** A step of a topic path as it is written. */
export interface WrittenStep {
  /** True: `//` stands before it. */
  readonly gap: boolean;
  /** Undefined: none. */
  readonly prefix: string | undefined;
  /** A name, `*`, or `.` (then without a prefix). */
  readonly name: string;
}

/** One alternative of a topic expression as it is written. */
export interface WrittenPath {
  readonly steps: readonly WrittenStep[];
  /** The prefix of `prefix://`, which only WS-Topics knows: what follows is looked for in the whole of that namespace. */
  readonly throughPrefix?: string;
}

/** What the text has instead of what its grammar asks for, to follow "has". */
export interface SyntaxProblem {
  readonly problem: string;
}

/**
 * The grammars: `concrete` (WS-Topics §8.2), `full` (§8.3), `set` (ONVIF Core §9.6.3, ConcreteSet), and `xpath`: those
 * location paths of XPath 1.0 that are Full or differ only in prefixes at more places and blanks around `|`.
 */
export type PathSyntax = 'concrete' | 'full' | 'set' | 'xpath';

/** Takes the alternatives of an expression apart. Prefixes are not looked up. */
export function parsePaths(text: string, syntax: PathSyntax): readonly WrittenPath[] | SyntaxProblem {
  const paths: WrittenPath[] = [];
  for (const alternative of syntax === 'concrete' ? [text] : text.split('|')) {
    const path = parsePath(syntax === 'xpath' ? trimmed(alternative) : alternative, syntax);
    if ('problem' in path) return path;
    paths.push(path);
  }
  return paths;
}

const THROUGH_NAMESPACE = /^([^:/]*):\/\//;

function parsePath(path: string, syntax: PathSyntax): WrittenPath | SyntaxProblem {
  const through = syntax === 'full' ? THROUGH_NAMESPACE.exec(path) : null;
  const steps: WrittenStep[] = [];
  let gap = through !== null || path.startsWith('//');
  const parts = path.slice(through?.[0].length ?? (gap ? 2 : 0)).split('/');
  for (const [index, part] of parts.entries()) {
    // What is empty is the room between the two slashes of a gap.
    if (part === '' && index > 0 && index < parts.length - 1 && !gap) {
      gap = true;
      continue;
    }
    const isLast = index === parts.length - 1;
    if (!isAllowed({ part, gap, isRoot: steps.length === 0, isLast }, syntax)) return expectedName(part);
    const colon = part.indexOf(':');
    steps.push({ gap, prefix: colon === -1 ? undefined : part.slice(0, colon), name: part.slice(colon + 1) });
    gap = false;
  }
  const throughPrefix = through?.[1];
  if (throughPrefix === undefined) return { steps };
  return isUnprefixed(throughPrefix) ? { steps, throughPrefix } : expectedName(throughPrefix);
}

interface Part {
  readonly part: string;
  readonly gap: boolean;
  readonly isRoot: boolean;
  readonly isLast: boolean;
}

function isAllowed({ part, gap, isRoot, isLast }: Part, syntax: PathSyntax): boolean {
  if (syntax === 'concrete') return !gap && isQualifiedName(part);
  if (syntax === 'set') return gap ? part === '.' && !isRoot && isLast : isQualifiedName(part);
  if (part === '.') return !isRoot;
  if (part === '*' || isUnprefixed(part)) return true;
  // Full has no prefix behind the `//` that it begins with, and `prefix:*` at the root only.
  if (isQualifiedName(part)) return syntax === 'xpath' || !isRoot || !gap;
  return (syntax === 'xpath' || (isRoot && !gap)) && isOpen(part);
}

/** `prefix:*` */
function isOpen(part: string): boolean {
  return part.endsWith(':*') && isUnprefixed(part.slice(0, -2));
}

function isUnprefixed(name: string): boolean {
  return !name.includes(':') && isQualifiedName(name);
}

function expectedName(part: string): SyntaxProblem {
  return { problem: `'${clipped(part)}' where a name is expected` };
}
