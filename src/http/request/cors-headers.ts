import type { FastifyInstance } from 'fastify';

/** What CORS adds to a response: names and values in turn. */
export interface CorsBlock {
  readonly allow: readonly string[];
  /** `vary`, where the response depends on the origin. */
  readonly vary: readonly string[];
}

/** The headers that CORS adds to responses, by the origin of the page that sent the request. */
export class CorsHeaders {
  readonly #byOrigin: ReadonlyMap<string, CorsBlock>;
  readonly #others: CorsBlock;

  constructor(byOrigin: ReadonlyMap<string, CorsBlock>, others: CorsBlock) {
    this.#byOrigin = byOrigin;
    this.#others = others;
  }

  /** @param origin undefined where the request names none. */
  of(origin: string | undefined): CorsBlock {
    return (origin !== undefined && this.#byOrigin.get(origin)) || this.#others;
  }
}

/**
 * Asks the CORS plugin once which headers it gives to each origin that is listed, and to all others: a response that does
 * not pass through Fastify gets the same.
 */
export async function readCorsHeaders(app: FastifyInstance, origins: readonly string[]): Promise<CorsHeaders> {
  const ask = async (origin: string | undefined): Promise<CorsBlock> => {
    const { headers } = await app.inject({ method: 'GET', url: '/healthz', headers: origin === undefined ? {} : { origin } });
    const pick = (isWanted: (name: string) => boolean): string[] =>
      Object.entries(headers).flatMap(([name, value]) => (isWanted(name) ? [name, String(value)] : []));
    // A browser does not read a response without this header, so the others would tell it nothing.
    const isAllowed = headers['access-control-allow-origin'] !== undefined;
    return { allow: pick((name) => isAllowed && name.startsWith('access-control-')), vary: pick((name) => name === 'vary') };
  };
  const byOrigin = new Map<string, CorsBlock>();
  for (const origin of origins) byOrigin.set(origin, await ask(origin));
  return new CorsHeaders(byOrigin, await ask(undefined));
}
