import type { Diagnostic } from '../../kernel/errors.ts';
import { clipped } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import type { ElementName } from '../operations.ts';
import { readTopicNamespace, type WrittenNamespace, type WrittenRoot } from './read-topic-namespace.ts';
import { readTopicSet, type WrittenTopic } from './read-topic-set.ts';
import type { Report } from './topic-document.ts';
import { TopicModel, type RootTopic, type TopicNamespace } from './topic-model.ts';
import { topicPath } from './topic-path.ts';

/** Beyond this many, more diagnostics help nobody. */
const MOST_DIAGNOSTICS = 100;

/** A document about topics. */
export interface TopicDocument {
  /** What diagnostics call it. */
  readonly file: string;
  readonly root: XmlElement;
}

/** The documents that say which topics there are and may be. */
export interface TopicDocuments {
  /** See TopicModel.fixed. */
  readonly fixed: boolean;
  /** wstop:TopicNamespace */
  readonly namespaces: readonly TopicDocument[];
  /** wstop:TopicSet */
  readonly sets: readonly TopicDocument[];
}

/** The documents as one, or what is wrong with them, at most a hundred findings. */
export type ReadTopicModel = { readonly model: TopicModel } | { readonly diagnostics: readonly Diagnostic[] };

/** Reads the documents and checks each by itself and against the others (WS-Topics §5 to §7). */
export function readTopicModel({ fixed, namespaces, sets }: TopicDocuments): ReadTopicModel {
  const diagnostics: Diagnostic[] = [];
  const reportIn = ({ file, root }: TopicDocument): Report => {
    return (element, message) => {
      // To find a place takes reading all that is before it.
      if (diagnostics.length >= MOST_DIAGNOSTICS) return;
      const path = element === root ? '' : pathOf(element, root);
      diagnostics.push({ file, ...element.position(), path, message });
    };
  };
  const written = new Map<string, NamespaceWithReport>();
  for (const document of namespaces) {
    const report = reportIn(document);
    const namespace = readTopicNamespace(document.root, report);
    if (namespace === undefined) continue;
    const { targetNamespace } = namespace;
    if (!written.has(targetNamespace)) written.set(targetNamespace, { namespace, report });
    else
      report(document.root, `found the namespace '${clipped(targetNamespace)}' twice, expected one document for each`);
  }
  const read = sets.map((document): SetWithReport => {
    const report = reportIn(document);
    return { topics: readTopicSet(document.root, report), report };
  });
  const extensions: Extension[] = [];
  const model = new TopicModel({
    fixed,
    namespaces: [...written.values()].map((namespace) => resolveParents(namespace, written, extensions)),
    permanent: read.flatMap(({ topics }) => topics.map(({ names }) => topicPath(names))),
  });
  for (const extension of extensions) checkParent(extension, model);
  for (const set of read) checkTopics(set, model);
  return diagnostics.length === 0 ? { model } : { diagnostics };
}

interface NamespaceWithReport {
  readonly namespace: WrittenNamespace;
  readonly report: Report;
}

interface SetWithReport {
  readonly topics: readonly WrittenTopic[];
  readonly report: Report;
}

/** The names of the topics around and of the element itself. */
function pathOf(element: XmlElement, root: XmlElement): string {
  const names: string[] = [];
  for (let at: XmlElement | undefined = element; at !== undefined && at !== root; at = at.parent) {
    names.unshift(at.attribute('', 'name') ?? at.localName);
  }
  return clipped(names.join('/'));
}

/** A topic that extends one of another namespace. */
interface Extension {
  /** Those of the parent, from a root topic on that extends none. */
  readonly names: readonly ElementName[];
  readonly element: XmlElement;
  readonly report: Report;
}

/** The namespace with its parents found; what extends is added to `extensions`. */
function resolveParents(
  { namespace: { targetNamespace, isFinal, roots }, report }: NamespaceWithReport,
  known: ReadonlyMap<string, NamespaceWithReport>,
  extensions: Extension[],
): TopicNamespace {
  const resolved = [...roots].map(([name, { element, parent: written, ...topic }]): [string, RootTopic] => {
    if (written === undefined) return [name, { ...topic, parent: undefined }];
    const chain = chainOf(written, targetNamespace, known);
    if ('problem' in chain) {
      report(element, chain.problem);
      return [name, { ...topic, parent: undefined }];
    }
    extensions.push({ ...chain, element, report });
    return [name, { ...topic, parent: topicPath(chain.names) }];
  });
  return { targetNamespace, isFinal, roots: new Map(resolved) };
}

/**
 * The names down to a parent, from a root topic that extends none: a parent may itself be below an extension topic, and be
 * named from that one on. No namespace may come twice, so this ends.
 */
function chainOf(
  parent: readonly ElementName[],
  targetNamespace: string,
  known: ReadonlyMap<string, NamespaceWithReport>,
): { readonly names: readonly ElementName[] } | { readonly problem: string } {
  const seen = new Set([targetNamespace]);
  let names: readonly ElementName[] = [];
  let above: readonly ElementName[] | undefined = parent;
  while (above !== undefined) {
    const root: ElementName | undefined = above[0];
    if (root === undefined || root.namespace === '') {
      return { problem: 'found a parent in no namespace, expected a topic of another topic namespace' };
    }
    for (const { namespace } of above) {
      if (namespace === '') continue;
      if (seen.has(namespace)) {
        const twice = `found the namespace '${clipped(namespace)}' twice among the topic and its parents`;
        return { problem: `${twice}, expected no circle, and each namespace once` };
      }
      seen.add(namespace);
    }
    names = [...above, ...names];
    const definition: WrittenRoot | undefined = known.get(root.namespace)?.namespace.roots.get(root.localName);
    above = definition?.parent;
  }
  return { names };
}

/** Parents in namespaces of which nothing is known are taken as they are. */
function checkParent({ names, element, report }: Extension, model: TopicModel): void {
  const shown = `the parent '${clipped(topicPath(names))}'`;
  const { topic, refusal } = model.definition(names);
  const home = names.findLast(({ namespace }) => namespace !== '')?.namespace;
  if (refusal !== undefined) report(element, `found ${shown}: ${refusal}`);
  else if (topic?.isFinal === true)
    report(element, `found ${shown}, which is final, expected one that may be extended`);
  else if (topic === undefined && home !== undefined && model.defines(home))
    report(element, `found ${shown}, which its namespace does not define`);
}

function checkTopics({ topics, report }: SetWithReport, model: TopicModel): void {
  for (const { names, element } of topics) {
    const { refusal } = model.definition(names);
    if (refusal !== undefined) report(element, `found a topic that its namespace does not permit: ${refusal}`);
  }
}
