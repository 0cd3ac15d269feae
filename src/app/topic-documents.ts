import { readFileSync, statSync } from 'node:fs';
import { codeOf, ConfigError, messageOf, type Diagnostic } from '../kernel/errors.ts';
import type { TopicSpec } from '../topology/model.ts';
import { readTopicModel, type TopicDocument } from '../wsn/topics/read-topic-model.ts';
import type { TopicModel } from '../wsn/topics/topic-model.ts';
import { defaultXmlLimits } from '../xml/limits.ts';
import { readXml, XmlError } from '../xml/reader.ts';

/**
 * Reads the documents that a topology names for its topics: namespaces and sets, each of at most 4 MiB.
 *
 * @throws {ConfigError} with everything that is wrong in all of them, also with those that cannot be read
 */
export function loadTopicModel({ fixed, namespaces, sets }: TopicSpec): TopicModel {
  const diagnostics: Diagnostic[] = [];
  const readAll = (files: readonly string[]): readonly TopicDocument[] =>
    files.flatMap((file) => {
      const read = readDocument(file);
      if ('root' in read) return [read];
      diagnostics.push(read);
      return [];
    });
  const read = readTopicModel({ fixed, namespaces: readAll(namespaces), sets: readAll(sets) });
  if ('diagnostics' in read) diagnostics.push(...read.diagnostics);
  else if (diagnostics.length === 0) return read.model;
  throw new ConfigError(diagnostics);
}

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EACCES', 'no permission to read it'],
]);

function readDocument(file: string): TopicDocument | Diagnostic {
  try {
    return { file, root: readXml(readBounded(file)).root };
  } catch (error) {
    if (error instanceof XmlError) {
      const { line, column } = error;
      return { file, line, column, path: '', message: error.message.replace(/ \(line \d+, column \d+\)$/, '') };
    }
    const reason = REASONS.get(codeOf(error)) ?? messageOf(error);
    return { file, line: 1, column: 1, path: '', message: `cannot be read: ${reason}` };
  }
}

/** Nothing that has no size, such as a device or a pipe: it could fill the memory, or keep us waiting. */
function readBounded(file: string): Uint8Array {
  const stat = statSync(file);
  if (stat.isDirectory()) throw new Error('it is a directory');
  if (!stat.isFile()) throw new Error('it is no ordinary file');
  if (stat.size <= defaultXmlLimits.maxBytes) return readFileSync(file);
  throw new Error(`it has ${stat.size} bytes, expected at most ${defaultXmlLimits.maxBytes}`);
}
