import type { IncomingHttpHeaders } from 'node:http';

/**
 * A request's header, by its name in lower case; not `set-cookie`, the only one that Node makes a list of. Each client
 * sends its headers in an order of its own, which makes an object of another shape, and compiled code that reads from
 * it in place is thrown away and made anew for the first few shapes. Read here, a new shape costs nothing.
 */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  return headers[name] as string | undefined;
}
