import type { TopicPath } from '../messages.ts';
import type { ElementName } from '../operations.ts';

/** The canonical string of a path. Namespaces must not contain braces. */
export function topicPath(steps: readonly ElementName[]): TopicPath {
  return steps.map(({ namespace, localName }) => (namespace === '' ? '' : `{${namespace}}`) + localName).join('/');
}

/** The inverse of `topicPath`. */
export function topicSteps(path: TopicPath): readonly ElementName[] {
  return [...path.matchAll(/(?:\{([^}]*)\})?([^/]+)/g)].map(([, namespace = '', localName = '']) => ({
    namespace,
    localName,
  }));
}
