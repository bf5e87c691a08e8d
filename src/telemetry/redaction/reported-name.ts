import { tellsToken } from './contains-token';

/** Longer names are a client's mistake, or its mischief. */
const MAX_LENGTH = 64;

/**
 * An operation's name, where it may be written down; null for none and for one that may not be. Names are written by
 * developers and stand in source code. One that a client puts together while it runs may hold anything that is made of
 * letters and digits: so a name with a run of five digits or more, which may be an identifier, and one that holds the
 * caller's token, or is a part of it, are not reported.
 * @param name of an operation that was parsed (GraphQL specification, section 2.1.9: letters, digits and `_`).
 * @param token the caller's; undefined where there is none.
 */
export function toToldName(name: string | undefined, token: string | undefined): string | null {
  if (name === undefined || name.length > MAX_LENGTH || /\d{5}/.test(name) || tellsToken(name, token)) return null;
  return name;
}
