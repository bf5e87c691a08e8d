/** Headers that a script from another origin may read. */
export const EXPOSED_HEADERS = ['www-authenticate', 'retry-after', 'x-request-id', 'x-billing-stale'];

/** Origins that browsers may call from; `*` is any. */
export type CorsOrigins = '*' | readonly string[];

/** The headers that @fastify/cors gives to the response to a request from this origin: names and values in turn. */
export function toCorsHeaders(corsOrigins: CorsOrigins, origin: string | undefined): readonly string[] {
  const exposed = ['access-control-expose-headers', EXPOSED_HEADERS.join(', ')];
  if (corsOrigins === '*') return ['access-control-allow-origin', '*', ...exposed];
  const allowed = origin !== undefined && corsOrigins.includes(origin) ? ['access-control-allow-origin', origin] : [];
  return ['vary', 'Origin', ...allowed, ...exposed];
}
