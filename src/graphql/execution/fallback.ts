/**
 * Thrown where the compiled execution meets anything but plain success: an error, a null where none may be, a value of
 * an unexpected type. The operation is then executed by graphql-js over the same loads, which has the rules for all
 * of that; nothing is asked of the billing API twice.
 */
export class Bail extends Error {
  override readonly name = 'Bail';
}

export function bail(why: string): never {
  throw new Bail(why);
}
