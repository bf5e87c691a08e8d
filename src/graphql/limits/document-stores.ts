import type { KeyValueCache } from '@apollo/utils.keyvaluecache';
import type { DocumentNode } from 'graphql';
import { TrialCache } from '../../runtime/maps/trial-cache';

/**
 * The caches of documents, each with its own bound: a flood of one kind cannot evict the entries of the other. What no accepted token has
 * executed is on trial: anybody can make up documents.
 */
export interface DocumentStores {
  /** Documents that were parsed and validated, by the hash of their text. */
  readonly documents: TrialCache<DocumentNode>;
  /** Texts that clients registered (automatic persisted queries), by their hash. */
  readonly persistedQueries: PersistedQueries;
}

const MIB = 1024 * 1024;
const MAX_DOCUMENT_BYTES = 32 * MIB;
const MAX_PERSISTED_QUERY_BYTES = 8 * MIB;
/** How long a registered text is stored: a client whose hash is not found registers it again, in one request. */
export const PERSISTED_QUERY_TTL_SECONDS = 86_400;

/** What a token of a parsed document takes, nodes and locations included: 290 to 480 bytes were measured (V8 of Node 20). */
const BYTES_PER_TOKEN = 500;

/** Makes the stores. The least recently used goes first. */
export function createDocumentStores(
  maxDocumentBytes = MAX_DOCUMENT_BYTES,
  maxPersistedQueryBytes = MAX_PERSISTED_QUERY_BYTES,
): DocumentStores {
  return {
    documents: new TrialCache<DocumentNode>({ maxSize: maxDocumentBytes, sizeOf: toHeapBytes }),
    persistedQueries: new PersistedQueries(maxPersistedQueryBytes),
  };
}

/** The texts of persisted queries, by their hash: for Apollo Server as a cache of its kind, for the pipeline without waiting. */
export class PersistedQueries implements KeyValueCache {
  readonly #texts: TrialCache<string>;

  constructor(maxBytes: number) {
    this.#texts = new TrialCache({
      maxSize: maxBytes,
      ttlMs: PERSISTED_QUERY_TTL_SECONDS * 1000,
      // A character of a text takes two bytes at most.
      sizeOf: (text) => 2 * text.length + 200,
    });
  }

  /** The text that was registered under the hash; Apollo Server has verified that it is the text's. */
  textOf(hash: string): string | undefined {
    return this.#texts.get(`${APOLLO_PREFIX}${hash}`);
  }

  /** Keeps a text that Apollo Server has verified to be its hash's, and that an accepted token has executed. */
  keep(hash: string, text: string): void {
    this.#texts.keep(`${APOLLO_PREFIX}${hash}`, text);
  }

  /** The keys of the stored texts. */
  keys(): readonly string[] {
    return this.#texts.keys();
  }

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#texts.get(key));
  }

  set(key: string, text: string): Promise<void> {
    this.#texts.try(key, text);
    return Promise.resolve();
  }

  delete(key: string): Promise<boolean> {
    return Promise.resolve(this.#texts.delete(key));
  }
}

/** What Apollo Server puts before a hash to make a key of it. */
const APOLLO_PREFIX = 'apq:';

/** Roughly the memory that a parsed document takes. Apollo's own measure, the length of its JSON, is four times too small. */
export function toHeapBytes(document: DocumentNode): number {
  return 2 * (document.loc?.source.body.length ?? 0) + BYTES_PER_TOKEN * countTokens(document);
}

/** The tokens of a parsed document. */
export function countTokens(document: DocumentNode): number {
  let tokens = 0;
  for (let token = document.loc?.startToken; token; token = token.next ?? undefined) tokens++;
  return tokens;
}
