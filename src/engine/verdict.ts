/** Whether a message is for somebody. Undefined: it cannot be told now. */
export type Verdict = boolean | undefined;

/** Whether all are true: one that is false tells, whatever the others are. */
export function allOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

/** Whether one is true: then it is told, whatever the others are. */
export function anyOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes(true)) return true;
  return verdicts.includes(undefined) ? undefined : false;
}
