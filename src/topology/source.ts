import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import { quote, type Path } from './finding.ts';

/** A place in the text; both start at 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something wrong with the text itself. */
export interface SourceFault extends Place {
  readonly message: string;
  readonly hint?: string;
}

/** A text read as YAML. */
export interface Source {
  /** The content as plain values; undefined when the faults leave nothing to trust. */
  readonly content: { readonly value: unknown } | undefined;
  readonly faults: readonly SourceFault[];
  /** Where `path` stands; what is not there is looked for at the nearest thing around it. */
  locate(path: Path, atKey?: boolean): Place;
}

/** Largest topology file, in characters and (for those on disk) bytes. */
export const MAX_SOURCE_LENGTH = 262_144;

const MOST_NESTING = 64;
const MOST_INDENTATION = 200;
const MOST_ALIASES = 100;
const MOST_FAULTS = 20;

/**
 * Reads YAML 1.2 (core schema) with places. Size, nesting and aliases are bounded before anything is built from them;
 * never throws for any text.
 */
export function readSource(text: string): Source {
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const forbidden = findExcess(text);
  if (forbidden !== undefined) return { content: undefined, faults: [forbidden], locate: () => START };

  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2', merge: false });
  const faults: SourceFault[] = [];
  let isTrusted = true;
  for (const { code, message, pos } of [...document.errors, ...document.warnings].slice(0, MOST_FAULTS)) {
    const isDuplicate = code === 'DUPLICATE_KEY';
    if (!isDuplicate) isTrusted = false;
    faults.push({ ...placeOf(pos[0]), ...describeFault(code, message, text, pos[0]) });
  }
  const aliases = faultyAliases(document, placeOf);
  faults.push(...aliases);
  if (!isTrusted || aliases.length > 0) return { content: undefined, faults, locate: () => START };
  return {
    content: { value: document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown },
    faults,
    locate: (path, atKey = false) => placeOf(offsetOf(document, path, atKey)),
  };
}

const START: Place = { line: 1, column: 1 };

/** The parser descends for each level: what would exhaust the stack is refused before it starts. */
function findExcess(text: string): SourceFault | undefined {
  if (text.length > MAX_SOURCE_LENGTH) {
    return { ...START, message: `found ${text.length} characters, expected at most ${MAX_SOURCE_LENGTH}` };
  }
  let open = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const indentation = /^[ \t?:-]*/.exec(line)?.[0].length ?? 0;
    if (indentation > MOST_INDENTATION) return tooDeep(index, MOST_INDENTATION);
    for (let column = indentation; column < line.length; column += 1) {
      const character = line[column];
      if (character === '[' || character === '{') open += 1;
      else if (character === ']' || character === '}') open = Math.max(0, open - 1);
      if (open > MOST_NESTING) return tooDeep(index, column);
    }
  }
  return undefined;
}

function tooDeep(index: number, column: number): SourceFault {
  return {
    line: index + 1,
    column: column + 1,
    message: `found more than ${MOST_NESTING} levels, expected a flat file`,
  };
}

function describeFault(
  code: string,
  message: string,
  text: string,
  offset: number,
): Pick<SourceFault, 'message' | 'hint'> {
  const rest = text.slice(offset, offset + 200);
  if (code === 'DUPLICATE_KEY') {
    const key = /^(?:"([^"\n]*)"|'([^'\n]*)'|([^:\n]*?))\s*:/.exec(rest);
    return { message: `found the key ${quote(key?.[1] ?? key?.[2] ?? key?.[3] ?? '')} twice, expected each key once` };
  }
  if (code === 'TAB_AS_INDENT') return { message: 'found a tab, expected spaces for indentation' };
  if (code === 'MULTIPLE_DOCS') return { message: 'found a second document, expected one topology in a file' };
  const isAddress = code === 'UNEXPECTED_TOKEN' && /^:?\d+/.test(rest) && text.slice(0, offset).endsWith(']');
  const hint = isAddress ? 'write an IPv6 address in quotes: "[::1]:8080"' : undefined;
  return { message: `not YAML: ${message}`, ...(hint === undefined ? {} : { hint }) };
}

/** Aliases that name nothing, stand within what they name, or are too many. */
function faultyAliases(document: Document, placeOf: (offset: number) => Place): SourceFault[] {
  const faults: SourceFault[] = [];
  let count = 0;
  visit(document, {
    Alias: (_key, alias, ancestors) => {
      const place = placeOf(alias.range?.[0] ?? 0);
      const named = quote(`*${alias.source}`);
      count += 1;
      if (count > MOST_ALIASES) {
        faults.push({ ...place, message: `found more than ${MOST_ALIASES} aliases, expected fewer` });
        return visit.BREAK;
      }
      const target = alias.resolve(document);
      if (target === undefined)
        faults.push({ ...place, message: `found ${named}, expected an alias of an anchor before it` });
      else if (ancestors.includes(target))
        faults.push({ ...place, message: `found ${named} within what it stands for` });
      return undefined;
    },
  });
  return faults;
}

function offsetOf(document: Document, path: Path, atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const isLast = index === path.length - 1;
    if (isMap(parent)) {
      // The last of several equal keys is the one whose value counts.
      const pair = parent.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return offset;
      node = pair.value;
      offset = (isLast && atKey ? undefined : startOf(node)) ?? startOf(pair.key) ?? offset;
    } else if (isSeq(parent) && typeof step === 'number') {
      node = parent.items[step];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

/** Where a node begins. A value that is not there (`key:` and nothing) begins nowhere: its key stands for it. */
function startOf(node: unknown): number | undefined {
  const range = (node as Partial<Node> | null | undefined)?.range;
  if (range === undefined || range === null) return undefined;
  return isScalar(node) && range[0] === range[1] && node.type === 'PLAIN' ? undefined : range[0];
}
