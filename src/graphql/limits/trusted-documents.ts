import { createHash } from 'node:crypto';
// The settings need the parser alone: a start that they refuse, `--help` and the primary of several workers load no more of the library.
import { parse } from 'graphql/language/parser';

/** The documents that are allowed to run, where only those are: by their ids, and by their text. */
export class TrustedDocuments {
  readonly #textById: ReadonlyMap<string, string>;
  readonly #texts: ReadonlySet<string>;

  constructor(textById: ReadonlyMap<string, string>) {
    this.#textById = textById;
    this.#texts = new Set(textById.values());
  }

  get size(): number {
    return this.#textById.size;
  }

  /** The text of a document; undefined for one that is not in the manifest. */
  textOf(id: string): string | undefined {
    return this.#textById.get(id) ?? (id.startsWith(SHA256_PREFIX) ? this.#textById.get(id.slice(SHA256_PREFIX.length)) : undefined);
  }

  /** Whether a text is one of the manifest's, byte for byte. */
  hasText(text: string): boolean {
    return this.#texts.has(text);
  }
}

/** How the GraphQL over HTTP specification writes an id that is a hash (Persisted Documents, "sha256:" and hexadecimal digits). */
const SHA256_PREFIX = 'sha256:';

/** An operation as Apollo's manifest has it. */
export interface ManifestOperation {
  readonly id: string;
  readonly name: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly body: string;
}

/** Apollo's manifest of persisted queries, version 1. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly version: 1;
  readonly operations: readonly ManifestOperation[];
}

const MANIFEST_FORMAT = 'apollo-persisted-query-manifest';

/** Makes a manifest; the ids are the texts' SHA-256, as clients compute them. */
export function toManifest(operations: readonly Omit<ManifestOperation, 'id'>[]): Manifest {
  return {
    format: MANIFEST_FORMAT,
    version: 1,
    operations: operations.map((operation) => ({ id: createHash('sha256').update(operation.body).digest('hex'), ...operation })),
  };
}

/**
 * Reads a manifest: Apollo's `apollo-persisted-query-manifest`, version 1, or the `persisted-documents.json` of GraphQL
 * Code Generator's client preset (an object of texts by their hashes).
 * @throws Error that says what is wrong with it.
 */
export function parseManifest(text: string): TrustedDocuments {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  if (!isObject(manifest)) throw new Error('it is not a JSON object');
  const entries = 'format' in manifest ? toApolloEntries(manifest) : Object.entries(manifest);
  const textById = new Map<string, string>();
  for (const [id, body] of entries) {
    if (typeof body !== 'string') throw new Error(`the document "${id}" is not a text`);
    if (textById.has(id) && textById.get(id) !== body) throw new Error(`two documents have the id "${id}"`);
    try {
      parse(body, { noLocation: true });
    } catch {
      throw new Error(`the document "${id}" is not GraphQL`);
    }
    textById.set(id, body);
  }
  if (textById.size === 0) throw new Error('it holds no documents, so that nothing could run');
  return new TrustedDocuments(textById);
}

function toApolloEntries(manifest: Record<string, unknown>): (readonly [id: string, body: unknown])[] {
  const { format, version, operations } = manifest;
  if (format !== MANIFEST_FORMAT || version !== 1) throw new Error(`its format must be "${MANIFEST_FORMAT}", version 1`);
  if (!Array.isArray(operations)) throw new Error('its "operations" are not a list');
  return operations.map((operation: unknown, index) => {
    if (!isObject(operation) || typeof operation['id'] !== 'string') throw new Error(`its operation ${index} has no "id"`);
    return [operation['id'], operation['body']];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
