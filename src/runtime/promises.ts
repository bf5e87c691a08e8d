/** Handles the rejections of promises that are no longer awaited: unhandled, they would end the process. */
export function ignoreAll(value: unknown): void {
  if (!Array.isArray(value)) return;
  for (const each of value as readonly unknown[]) if (isPromise(each)) each.then(undefined, () => undefined);
}

/** Whether a value is a promise, of whatever make. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Whether a list's member is neither data nor null: a promise, or an error, which stands for the member's failure. */
export function needsCompletion(member: unknown): boolean {
  return isPromise(member) || member instanceof Error;
}
