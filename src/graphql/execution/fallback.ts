/**
 * Thrown where the compiled execution meets what it does not cover, such as a value of another type than its field's. The
 * operation is then executed by graphql-js over the same loads: nothing is asked of the billing API twice.
 */
export class Bail extends Error {
  override readonly name = 'Bail';
}

export function bail(why: string): never {
  throw new Bail(why);
}
