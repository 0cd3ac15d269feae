import type { TopicPath } from '../messages.ts';
import type { ElementName } from '../operations.ts';
import { topicPath } from './topic-path.ts';

/** What one level of a topic must be called. */
export interface TopicStep {
  /** True: any number of levels, none too, may stand before this one. */
  readonly gap: boolean;
  /** '' = none; undefined: any. */
  readonly namespace: string | undefined;
  /** Undefined: any. */
  readonly localName: string | undefined;
}

/**
 * One alternative of a topic expression. It selects by nothing but a topic's own names and those of its ancestors, so it
 * needs no topic set and covers topics that come later (WS-Topics §9). Made by `topicPattern`; at least one step.
 */
export interface TopicPattern {
  readonly steps: readonly TopicStep[];
  /** True: everything below is selected too. */
  readonly below: boolean;
}

/**
 * The pattern of these steps, in the one form that all patterns have which differ only in where a gap stands between steps
 * that may have any name: such steps come first, and the gap behind them.
 */
export function topicPattern(steps: readonly TopicStep[], below: boolean): TopicPattern {
  const ordered: TopicStep[] = [];
  let gap = false;
  for (const { namespace, localName, ...step } of steps) {
    gap ||= step.gap;
    if (isAny({ namespace, localName })) {
      ordered.push(ANYTHING);
    } else {
      ordered.push({ gap, namespace, localName });
      gap = false;
    }
  }
  return { steps: ordered, below: below || gap };
}

const ANYTHING: TopicStep = { gap: false, namespace: undefined, localName: undefined };

/** The topic, if the pattern selects one and only one. */
export function exactPath({ steps, below }: TopicPattern): TopicPath | undefined {
  const names = leadingNames(steps);
  return below || names.length < steps.length ? undefined : topicPath(names);
}

/** The pattern that selects this topic alone. */
export function exactPattern(names: readonly ElementName[]): TopicPattern {
  return { steps: names.map(({ namespace, localName }) => ({ gap: false, namespace, localName })), below: false };
}

/** The names that each topic of the pattern begins with, as far as the pattern says them one by one. */
export function leadingNames(steps: readonly TopicStep[]): readonly ElementName[] {
  const names: ElementName[] = [];
  for (const { gap, namespace, localName } of steps) {
    if (gap || namespace === undefined || localName === undefined) break;
    names.push({ namespace, localName });
  }
  return names;
}

/** A text that is equal for equal patterns only. */
export function patternKey({ steps, below }: TopicPattern): string {
  return steps.map((step) => (step.gap ? '//' : '/') + stepLabel(step)).join('') + (below ? '//.' : '');
}

/** The step without its gap, as in a TopicPath, with an asterisk for what may be any. */
export function stepLabel({ namespace, localName = '*' }: Pick<TopicStep, 'namespace' | 'localName'>): string {
  return namespace === undefined || namespace === '' ? localName : `{${namespace}}${localName}`;
}

/** Whether the pattern selects the topic with these names. Takes time in proportion to the product of their lengths. */
export function selects({ steps, below }: TopicPattern, names: readonly ElementName[]): boolean {
  let step = 0;
  let name = 0;
  // The last gap, and how far it reaches: of several gaps only the last may have to reach further than it must.
  let gapStep = -1;
  let gapEnd = 0;
  for (;;) {
    const wanted = steps[step];
    if (wanted === undefined && (below || name === names.length)) return true;
    if (name === names.length) return false;
    if (wanted?.gap === true && gapStep !== step) {
      gapStep = step;
      gapEnd = name;
    }
    const found = names[name];
    if (wanted !== undefined && found !== undefined && fits(wanted, found)) {
      step += 1;
      name += 1;
      continue;
    }
    if (gapStep === -1) return false;
    gapEnd += 1;
    name = gapEnd;
    step = gapStep;
  }
}

/** Whether some topic, known or not, is selected by both. */
export function patternsOverlap(one: TopicPattern, other: TopicPattern): boolean {
  const width = other.steps.length + 1;
  /** Whether some beginning of a topic leads to step `i` of one and step `j` of the other: at `i * width + j`. */
  const isReached = new Uint8Array((one.steps.length + 1) * width);
  isReached[0] = 1;
  for (let i = 0; i <= one.steps.length; i++) {
    for (let j = 0; j < width; j++) {
      const at = i * width + j;
      if (isReached[at] === 0) continue;
      const left = one.steps[i];
      const right = other.steps[j];
      if (left !== undefined && right !== undefined && agree(left, right)) isReached[at + width + 1] = 1;
      if (left !== undefined && (right?.gap ?? other.below)) isReached[at + width] = 1;
      if (right !== undefined && (left?.gap ?? one.below)) isReached[at + 1] = 1;
    }
  }
  return isReached.at(-1) === 1;
}

function isAny({ namespace, localName }: Pick<TopicStep, 'namespace' | 'localName'>): boolean {
  return namespace === undefined && localName === undefined;
}

function fits(step: TopicStep, name: ElementName): boolean {
  return isOpenTo(step.localName, name.localName) && isOpenTo(step.namespace, name.namespace);
}

function agree(left: TopicStep, right: TopicStep): boolean {
  return (
    (right.localName === undefined || isOpenTo(left.localName, right.localName)) &&
    (right.namespace === undefined || isOpenTo(left.namespace, right.namespace))
  );
}

function isOpenTo(wanted: string | undefined, found: string): boolean {
  return wanted === undefined || wanted === found;
}
