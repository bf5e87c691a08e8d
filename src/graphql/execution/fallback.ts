/**
 * Thrown where the compiled execution meets what it does not cover, such as a value of another type than its field's. The
 * operation is then executed by graphql-js over the same loads: nothing is asked of the billing API twice.
 */
export class Fallback extends Error {
  override readonly name = 'Fallback';
}

/** Ends the compiled execution of an operation. @param why for a developer: no client sees it. */
export function fallBack(why: string): never {
  throw new Fallback(why);
}
