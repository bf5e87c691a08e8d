import { choice, url, whole } from '../kinds/kinds';
import { REFUSED, type Kind, type Table } from '../kinds/setting';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
const ADDRESS = url(['http:', 'https:']);
const EMBEDDED = 'embedded';

/** The base address of the billing API, or the word that asks for the embedded one. */
const BASE_ADDRESS: Kind<URL | typeof EMBEDDED> = {
  ...ADDRESS,
  parse: (text) => {
    if (text === EMBEDDED) return EMBEDDED;
    const address = ADDRESS.parse(text);
    return address === REFUSED || hasMoreThanBase(address) ? REFUSED : address;
  },
  explain: (text) => {
    const address = ADDRESS.parse(text);
    return address === REFUSED ? '' : ': a base address, without a query, a fragment, a user or a password';
  },
};

function hasMoreThanBase({ search, hash, username, password }: URL): boolean {
  return search !== '' || hash !== '' || username !== '' || password !== '';
}

export const BILLING_API = {
  billingApi: {
    name: 'BILLING_API_URL',
    what: 'Base address of the billing API; a path in it is kept. "embedded" is the one in this package, with made-up bills. Required except in development and test',
    kind: BASE_ADDRESS,
    default: EMBEDDED,
    inProduction: null,
  },
  billingApiPagingMode: {
    name: 'BILLING_API_PAGING',
    what: 'What the billing API takes `pageInit` for: offset (how many invoices to skip) or page (the number of a page)',
    kind: choice(['offset', 'page']),
    default: 'offset',
  },
  billingApiPageBase: {
    name: 'BILLING_API_PAGE_BASE',
    what: 'Number of the first page, with BILLING_API_PAGING=page: 0 or 1',
    kind: choice(['0', '1']),
    default: '0',
  },
  contractCheck: {
    name: 'CONTRACT_CHECK',
    what: 'What a value of another type than the contract promises costs: lenient (it is converted where it can mean only one thing, otherwise it alone fails) or strict (the whole response fails)',
    kind: choice(['lenient', 'strict']),
    default: 'lenient',
  },
  billingApiMaxQuantity: {
    name: 'BILLING_API_MAX_QUANTITY',
    what: 'Most invoices that one call may ask for; larger windows are split',
    kind: whole(1, 100_000),
    default: '1000',
  },
  billingApiTimeoutMs: {
    name: 'BILLING_API_TIMEOUT_MS',
    what: 'How long one attempt may take, in milliseconds',
    kind: whole(1, DAY_MS),
    default: '5000',
  },
  requestDeadlineMs: {
    name: 'REQUEST_DEADLINE_MS',
    what: 'How long a whole operation may take, in milliseconds',
    kind: whole(1, DAY_MS),
    default: '15000',
  },
  billingApiRetries: { name: 'BILLING_API_RETRIES', what: 'Further attempts after a failed one', kind: whole(0, 10), default: '2' },
  billingApiConnections: {
    name: 'BILLING_API_CONNECTIONS',
    what: 'Connections to the billing API, at most',
    kind: whole(1, 10_000),
    default: '64',
  },
  billingApiConnectionSharing: {
    name: 'BILLING_API_CONNECTION_SHARING',
    what: 'Who may use a connection to the billing API after whom: shared (any token, preferably the one that used it last) or per-token (never two tokens: safe even if the billing API answers a request twice)',
    kind: choice(['shared', 'per-token']),
    default: 'shared',
  },
  billingApiMaxBodyBytes: {
    name: 'BILLING_API_MAX_BODY_BYTES',
    what: 'Largest answer of the billing API that is read, in bytes',
    kind: whole(1, 1024 * MIB),
    default: '16777216',
  },
} as const satisfies Table;
