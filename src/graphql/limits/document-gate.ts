import { LRUCache } from 'lru-cache';
import {
  FieldsOnCorrectTypeRule,
  GraphQLError,
  NoFragmentCyclesRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type SourceLocation,
  type ValidationRule,
} from 'graphql';
import { toShort } from '../context/short-message';
import { checkDocument, type DocumentLimits } from './document-limits';
import { countTokens, type DocumentStores } from './document-stores';
import { checkDocumentWork, checkText } from './document-work';
import { explain } from './explained-errors';
import { IntrospectionLimit } from './introspection-limit';
import { MAX_ANONYMOUS_TOKENS } from './token-proof';
import type { TrustedDocuments } from './trusted-documents';

/** What decides which documents run. */
export interface DocumentGateOptions extends DocumentLimits {
  readonly schema: GraphQLSchema;
  /** Tokens of one document. */
  readonly maxTokens: number;
  readonly introspection: boolean;
  readonly stores: Pick<DocumentStores, 'documents'>;
  /** Null: any document may run. */
  readonly trustedDocuments: TrustedDocuments | null;
}

/** An error of a document, with nothing in it that keeps the document in memory. */
export interface DocumentError {
  readonly code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED' | 'BAD_REQUEST';
  readonly message: string;
  readonly locations: readonly SourceLocation[] | undefined;
}

/** Whose request a document is of. */
export interface DocumentSender {
  /** Whether the request has a bearer token. */
  readonly hasToken: boolean;
  /**
   * Returns why the token is refused, or null. To be asked before much is done for a document, of which only the fields are known to be
   * valid. Null: nothing is to be asked.
   */
  readonly prove: ((document: DocumentNode) => Promise<GraphQLError | null>) | null;
}

/**
 * `run`: parsed and valid; `refuse`: has at least one error; `unauthenticated`: too large to be parsed without a token; `unproven`: too
 * large to be validated with a token that the billing API does not accept.
 */
export type DocumentVerdict =
  | { readonly kind: 'run'; readonly document: DocumentNode }
  | { readonly kind: 'refuse'; readonly errors: readonly DocumentError[] }
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'unproven'; readonly error: GraphQLError };

/** Errors after which validation stops. */
const MAX_VALIDATION_ERRORS = 20;
/** Finding an error's line means reading the text from its start, so few errors are reported for long documents. */
const MAX_ERRORS_OF_LONG_DOCUMENTS = 3;
const LONG_DOCUMENT_CHARACTERS = 16_384;
const LONG_DOCUMENT_LINES = 1000;
/** How many refused documents are cached. An entry takes some 4 KiB at most: 20 errors of 200 characters. */
const MAX_REFUSED = 2000;

/** What breaks them is refused in little time. What does not can be searched for fields. */
const BASIC_RULES: readonly ValidationRule[] = [NoFragmentCyclesRule, FieldsOnCorrectTypeRule];

const UNAUTHENTICATED: DocumentVerdict = { kind: 'unauthenticated' };
const UNTRUSTED: DocumentVerdict = {
  kind: 'refuse',
  errors: [
    {
      code: 'BAD_REQUEST',
      message:
        'This gateway runs trusted documents only, and this text is not one of them. Send a document of its ' +
        'manifest, by its id or byte for byte; a new one must be added by the operator (TRUSTED_DOCUMENTS).',
      locations: undefined,
    },
  ],
};

/**
 * Decides whether a document may run: whether it is trusted, then its limits, by checks that take linear time, and then
 * its validity. Decisions, refusals included, are cached by the document's hash. Everything that is executed, by Apollo
 * Server or by the compiled execution and over any transport, has passed here with exactly this text. Introspection and
 * `_service` are no exception: they run if the manifest contains them.
 */
export class DocumentGate {
  readonly #options: DocumentGateOptions;
  readonly #introspection: IntrospectionLimit | null;
  readonly #rules: readonly ValidationRule[];
  readonly #refused = new LRUCache<string, Extract<DocumentVerdict, { kind: 'refuse' }>>({ max: MAX_REFUSED });

  constructor(options: DocumentGateOptions) {
    this.#options = options;
    this.#introspection = options.introspection ? new IntrospectionLimit(options.schema) : null;
    this.#rules = options.introspection ? specifiedRules : [noIntrospection, ...specifiedRules];
  }

  /** @param hash of the text. */
  async decide(text: string, hash: string, sender: DocumentSender): Promise<DocumentVerdict> {
    const { trustedDocuments, stores } = this.#options;
    if (trustedDocuments && !trustedDocuments.hasText(text)) return UNTRUSTED;
    const document = stores.documents.get(hash);
    if (document) return { kind: 'run', document };
    const refused = this.#refused.get(hash);
    if (refused) return refused;
    const verdict = await this.#look(text, sender);
    if (verdict.kind === 'run') stores.documents.try(hash, verdict.document);
    if (verdict.kind === 'refuse') this.#refused.set(hash, verdict);
    return verdict;
  }

  async #look(text: string, { hasToken, prove }: DocumentSender): Promise<DocumentVerdict> {
    const { schema, maxTokens } = this.#options;
    const tooLong = checkText(text, maxTokens);
    if (tooLong) return refusal('GRAPHQL_PARSE_FAILED', [tooLong]);
    let document: DocumentNode;
    try {
      document = parse(text, { maxLexicalTokens: hasToken ? maxTokens : Math.min(maxTokens, MAX_ANONYMOUS_TOKENS + 1) });
    } catch (error) {
      return !hasToken && maxTokens > MAX_ANONYMOUS_TOKENS && isTooManyTokens(error)
        ? UNAUTHENTICATED
        : refusal('GRAPHQL_PARSE_FAILED', [error as GraphQLError]);
    }
    if (!hasToken && countTokens(document) > MAX_ANONYMOUS_TOKENS) return UNAUTHENTICATED;
    const excess = checkDocumentWork(document);
    const errors = excess ? [excess] : checkDocument(document, this.#options);
    if (errors.length > 0) return refusal('GRAPHQL_VALIDATION_FAILED', errors);
    // The documents that an operator trusts are few.
    if (prove && !this.#options.trustedDocuments && countTokens(document) > MAX_ANONYMOUS_TOKENS) {
      const error = validate(schema, document, BASIC_RULES, { maxErrors: 1 }).length === 0 ? await prove(document) : null;
      if (error) return { kind: 'unproven', error };
    }
    return this.#validate(document, text);
  }

  #validate(document: DocumentNode, text: string): DocumentVerdict {
    const { schema, introspection } = this.#options;
    const maxErrors = toMaxErrors(text);
    const invalid = validate(schema, document, this.#rules, { maxErrors });
    if (invalid.length > 0)
      return refusal('GRAPHQL_VALIDATION_FAILED', (introspection ? invalid : invalid.map(withoutSuggestion)).map(explain));
    const tooMuch = this.#introspection?.check(document);
    if (tooMuch) return refusal('GRAPHQL_VALIDATION_FAILED', [tooMuch]);
    return { kind: 'run', document };
  }
}

function toMaxErrors(text: string): number {
  if (text.length > 4 * LONG_DOCUMENT_CHARACTERS) return 1;
  const isLong = text.length > LONG_DOCUMENT_CHARACTERS || (text.match(/[\n\r]/g)?.length ?? 0) > LONG_DOCUMENT_LINES;
  return isLong ? MAX_ERRORS_OF_LONG_DOCUMENTS : MAX_VALIDATION_ERRORS;
}

function refusal(code: DocumentError['code'], errors: readonly GraphQLError[]): Extract<DocumentVerdict, { kind: 'refuse' }> {
  return { kind: 'refuse', errors: errors.map(({ message, locations }) => ({ code, message: toShort(message), locations })) };
}

/** The parser's only error of that kind (graphql 16). */
function isTooManyTokens(error: unknown): boolean {
  return error instanceof GraphQLError && error.message.includes('tokens. Parsing aborted');
}

const noIntrospection: ValidationRule = (context) => ({
  Field({ name }) {
    if (name.value !== '__schema' && name.value !== '__type') return;
    context.reportError(
      new GraphQLError(
        'GraphQL introspection is not allowed here: it is turned off (INTROSPECTION). Use the schema that the operator hands out.',
      ),
    );
  },
});

/** If the schema is not published, messages must not disclose its names. */
function withoutSuggestion(error: GraphQLError): GraphQLError {
  error.message = error.message.replace(/ ?Did you mean(.+?)\?$/, '');
  return error;
}
