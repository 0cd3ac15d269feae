import { clipped } from '../../soap/text.ts';
import type { TopicPath } from '../messages.ts';
import type { ElementName } from '../operations.ts';
import { topicPath, topicSteps } from './topic-path.ts';

/** A topic as its namespace defines it (WS-Topics §6). */
export interface DefinedTopic {
  /** True: it has no other children than those defined. */
  readonly isFinal: boolean;
  /** The payload's root elements that may be sent on it; undefined: any. */
  readonly messageTypes: readonly ElementName[] | undefined;
  /** By name. */
  readonly children: ReadonlyMap<string, DefinedTopic>;
}

/** A root topic as its namespace defines it. */
export interface RootTopic extends DefinedTopic {
  /** The topic of another namespace that it extends, from a root topic on that extends none; undefined: none (§6.1). */
  readonly parent: TopicPath | undefined;
}

/** A wstop:TopicNamespace (WS-Topics §5). */
export interface TopicNamespace {
  readonly targetNamespace: string;
  /** True: it has no other root topics than those defined. */
  readonly isFinal: boolean;
  /** By name. */
  readonly roots: ReadonlyMap<string, RootTopic>;
}

/** What a topic is to its namespace. */
export interface Definition {
  /** Undefined: it is not defined, which only matters if there is a refusal. */
  readonly topic?: DefinedTopic | undefined;
  /** Why there cannot be such a topic. */
  readonly refusal?: string;
}

/** What is said once and for all about topics: which there are, and which there may be. */
export class TopicModel {
  /** True: there are the permanent topics and no others (FixedTopicSet). */
  readonly fixed: boolean;
  readonly permanent: ReadonlySet<TopicPath>;
  readonly #namespaces: ReadonlyMap<string, TopicNamespace>;

  constructor(facts: {
    readonly fixed: boolean;
    readonly namespaces: readonly TopicNamespace[];
    readonly permanent: Iterable<TopicPath>;
  }) {
    this.fixed = facts.fixed;
    this.permanent = new Set(facts.permanent);
    this.#namespaces = new Map(facts.namespaces.map((namespace) => [namespace.targetNamespace, namespace]));
  }

  /**
   * Why there can be no notification on this topic and no registration for it; undefined if there can. Subscriptions are
   * for expressions: see TopicSet.validate.
   */
  permits(topic: TopicPath): string | undefined {
    if (this.permanent.has(topic)) return undefined;
    if (this.fixed) return `the topic '${clipped(topic)}' is not in the topic set, which is fixed`;
    return this.#namespaces.size === 0 ? undefined : this.definition(topicSteps(topic)).refusal;
  }

  /** The payload's root elements that may be sent on this topic; undefined: any. */
  messageTypes(topic: TopicPath): readonly ElementName[] | undefined {
    const types = this.#namespaces.size === 0 ? undefined : this.definition(topicSteps(topic)).topic?.messageTypes;
    return types?.some(isAnyType) === true ? undefined : types;
  }

  /** What the namespaces say of the topic with these names, whether or not the topic set is fixed (WS-Topics §8.5). */
  definition(names: readonly ElementName[]): Definition {
    let topic: DefinedTopic | undefined;
    for (const [index, { namespace, localName }] of names.entries()) {
      const around: DefinedTopic | undefined = topic;
      const refuse = (reason: string): Definition => ({
        refusal: `there is no topic '${clipped(topicPath(names.slice(0, index + 1)))}': ${reason}`,
      });
      if (namespace === '') {
        topic = around?.children.get(localName);
      } else {
        const home = this.#namespaces.get(namespace);
        const root = home?.roots.get(localName);
        const isHere =
          root !== undefined && root.parent === (index === 0 ? undefined : topicPath(names.slice(0, index)));
        if (root !== undefined && !isHere) return refuse(whereItIs(root));
        if (root === undefined && home?.isFinal === true)
          return refuse('its namespace is final and does not define it');
        topic = root;
      }
      if (topic === undefined && around?.isFinal === true) return refuse('the topic above it is final');
    }
    return { topic };
  }

  /** Whether a document defines that namespace. */
  defines(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }
}

/** `xsd:any`, as namespaces of drafts have it. */
function isAnyType({ namespace, localName }: ElementName): boolean {
  return namespace === 'http://www.w3.org/2001/XMLSchema' && (localName === 'any' || localName === 'anyType');
}

function whereItIs({ parent }: RootTopic): string {
  return parent === undefined
    ? 'its namespace defines it as a root topic'
    : `its namespace defines it as an extension of '${clipped(parent)}'`;
}
