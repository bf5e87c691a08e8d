import { parseManifest } from '../../graphql/limits/trusted-documents';
import { file, whole } from '../kinds/kinds';
import type { Table } from '../kinds/setting';

const MIB = 1024 * 1024;

export const LIMITS = {
  upstreamCallBudget: {
    name: 'UPSTREAM_CALL_BUDGET',
    what: 'Calls to the billing API that one operation may make',
    kind: whole(1, 100_000),
    default: '100',
  },
  callsPerMinute: {
    name: 'CALLS_PER_MINUTE',
    what:
      'Calls to the billing API that one token may make a minute, over all its operations; what is cached costs ' +
      'none. Beyond, operations get 429 and RATE_LIMITED; 0: no limit',
    kind: whole(0, 10_000_000),
    default: '0',
  },
  upstreamMaxOperationBytes: {
    name: 'UPSTREAM_MAX_OPERATION_BYTES',
    what: 'Bytes of responses of the billing API, cached ones included, that one operation may hold',
    kind: whole(1024 * 1024, 1024 * MIB),
    default: '67108864',
  },
  upstreamMaxProcessBytes: {
    name: 'UPSTREAM_MAX_PROCESS_BYTES',
    what:
      'Bytes of responses of the billing API that all operations of a process may hold together; beyond, calls ' +
      'wait. At least UPSTREAM_MAX_OPERATION_BYTES',
    kind: whole(1024 * 1024, 1024 * 1024 * MIB),
    default: '268435456',
  },
  maxPageSize: { name: 'MAX_PAGE_SIZE', what: 'Largest `first` of a page of invoices', kind: whole(1, 100_000), default: '1000' },
  maxResults: {
    name: 'MAX_RESULTS',
    what: 'Objects that one operation may return, repeated ones and those under aliases counted each time',
    kind: whole(1, 10_000_000),
    default: '50000',
  },
  maxAnswerBytes: {
    name: 'MAX_ANSWER_BYTES',
    what: 'Largest response to one operation, in bytes',
    kind: whole(1024, 512 * MIB),
    default: '16777216',
  },
  maxDepth: { name: 'MAX_DEPTH', what: 'How deep an operation may be nested', kind: whole(1, 1000), default: '12' },
  maxAliases: { name: 'MAX_ALIASES', what: 'Aliases in one operation', kind: whole(1, 100_000), default: '100' },
  maxTokens: { name: 'MAX_TOKENS', what: 'Tokens in one GraphQL document', kind: whole(1, 1_000_000), default: '5000' },
  maxRequestBytes: { name: 'MAX_REQUEST_BYTES', what: 'Largest request body, in bytes', kind: whole(64, 64 * MIB), default: '262144' },
  maxConcurrentRequests: {
    name: 'MAX_CONCURRENT_REQUESTS',
    what:
      'Requests that may be under way at once, half of them at most with tokens that the billing API has never accepted; those beyond ' +
      'are answered with 503 and OVERLOADED',
    kind: whole(1, 1_000_000),
    default: '1000',
  },
  maxConcurrentExports: {
    name: 'MAX_CONCURRENT_EXPORTS',
    what: 'Exports that may be under way at once, a quarter of them with the same token; those beyond are answered with 503 and OVERLOADED',
    kind: whole(1, 10_000),
    default: '16',
  },
  writeTimeoutMs: {
    name: 'WRITE_TIMEOUT_MS',
    what: 'How long a client may read nothing of a response before its connection is closed, in milliseconds',
    kind: whole(100, 3_600_000),
    default: '20000',
  },
  maxUnsentBytes: {
    name: 'MAX_UNSENT_BYTES',
    what:
      'Bytes of responses that clients have not read yet, in the whole process; beyond, the connections of ' +
      'the slowest clients are closed',
    kind: whole(1024, 64 * 1024 * MIB),
    default: '67108864',
  },
  trustedDocuments: {
    name: 'TRUSTED_DOCUMENTS',
    what: 'Path of a manifest of operations; with it, only its documents run, introspection included',
    kind: file('the path of a manifest of operations', parseManifest),
    unset: 'any document runs',
  },
} as const satisfies Table;
