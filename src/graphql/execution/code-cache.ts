import { LRUCache } from 'lru-cache';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Functions that were compiled from generated code, by what their code is made of. Operations that select the same fields
 * share one function: V8 optimises it once, for all of them. Bounded: the least recently needed go first.
 */
export class CodeCache {
  readonly #functions: LRUCache<string, object>;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#functions = new LRUCache({ maxSize: maxBytes });
  }

  /** What all functions that were ever compiled take, roughly: whoever has had some compiled holds them for as long as it lives. */
  compiledBytes = 0;

  /** How many functions are cached. */
  get size(): number {
    return this.#functions.size;
  }

  /** What they take in memory, roughly. */
  get bytes(): number {
    return this.#functions.calculatedSize;
  }

  /**
   * The function with a key, compiled where it is not cached.
   * @param key two functions that do not behave alike have different keys
   * @param bytes what the function takes in memory once it has run, roughly
   */
  get<F extends object>(key: string, bytes: number, compile: () => F): F {
    const found = this.#functions.get(key);
    if (found) return found as F;
    const compiled = compile();
    const size = bytes + 2 * key.length;
    this.compiledBytes += size;
    this.#functions.set(key, compiled, { size });
    return compiled;
  }
}
