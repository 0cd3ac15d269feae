/**
 * Waits until `work` is over or `ending` aborts, then closes. An end that was asked for is no failure: `work` may
 * then reject. If both fail, the failure of `work` is the one that is told.
 */
export async function endOf(work: Promise<void>, ending: AbortSignal, close: () => Promise<void>): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  try {
    await work;
  } catch (error) {
    if (!ending.aborted) failure = { error };
  }
  try {
    await close();
  } catch (error) {
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
}
