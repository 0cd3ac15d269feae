/** Does `work` before it returns, and makes a promise of what came of it. */
export function atOnce<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
