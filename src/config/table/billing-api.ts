import { parseDialect } from '../../upstream/bills/dialect';
import { HEADER_NAME, HEADER_NAMES, HEADER_VALUE, HEADERS_FILE } from '../kinds/header-kinds';
import { choice, file, refine, TEXT, url, whole, wholeOrRange } from '../kinds/kinds';
import { REFUSED, type Kind, type Table } from '../kinds/setting';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
const ADDRESS = url(['http:', 'https:']);
const PROXY = refine(ADDRESS, `${ADDRESS.form}, with a user and a password, if any, in URL encoding`, hasReadableCredentials);
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

/** An invalid percent encoding, or one that is not UTF-8, would make every request fail. */
function hasReadableCredentials({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}:${password}`);
    return true;
  } catch {
    return false;
  }
}

export const BILLING_API = {
  billingApi: {
    name: 'BILLING_API_URL',
    what:
      'Base address of the billing API; a path in it is kept. "embedded" is the one in this package, with ' +
      'made-up bills. Required except in development and test',
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
    what: 'Number of the first page, only with BILLING_API_PAGING=page: 0 or 1',
    kind: choice(['0', '1']),
    default: '0',
  },
  billingApiDialect: {
    name: 'BILLING_API_DIALECT',
    what:
      'Path of a YAML or JSON file that says how the billing API differs from its contract: names of ' +
      'parameters and members, paging, values of the status',
    kind: file('the path of a dialect file', parseDialect),
    unset: 'the contract applies',
  },
  invoiceStatusTrue: {
    name: 'INVOICE_STATUS_TRUE',
    what: 'What an invoiceStatus of true means: paid or unpaid. The contract does not say; without it, `Invoice.state` is null',
    kind: choice(['paid', 'unpaid']),
    unset: 'not known',
  },
  billingCurrency: {
    name: 'BILLING_CURRENCY',
    what: 'Currency of all amounts, as ISO 4217 has it (BOB, PYG). The contract does not say; without it, `Invoice.currency` is null',
    kind: refine(TEXT, 'three capital letters', (text) => /^[A-Z]{3}$/.test(text)),
    unset: 'not known',
  },
  contractCheck: {
    name: 'CONTRACT_CHECK',
    what:
      'What a value of another type than the contract promises costs: lenient (it is converted where it can ' +
      'mean only one thing, otherwise it alone fails) or strict (the whole response fails)',
    kind: choice(['lenient', 'strict']),
    default: 'lenient',
  },
  billingApiMaxQuantity: {
    name: 'BILLING_API_MAX_QUANTITY',
    what:
      'Most invoices that one call may ask for; larger windows are split. Where the billing API returns fewer without ' +
      'saying so, finding out takes further calls: `npm run contract:probe` tells its maximum',
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
    what:
      'Connections to the billing API, at most: a number, or two as in 64-128, of which the second is the most ' +
      'while calls wait and the billing API answers as quickly as before, within some 60 ms',
    kind: wholeOrRange(1, 10_000),
    default: '64-128',
  },
  billingApiConnectionSharing: {
    name: 'BILLING_API_CONNECTION_SHARING',
    what:
      'Who may use a connection to the billing API after whom: shared (any token, preferably the one that ' +
      'used it last) or per-token (never two tokens: safe even if the billing API answers a request twice)',
    kind: choice(['shared', 'per-token']),
    default: 'shared',
  },
  billingApiConnectionMaxAgeSeconds: {
    name: 'BILLING_API_CONNECTION_MAX_AGE_SECONDS',
    what: 'How long a connection to the billing API is used before it is replaced by a new one, which follows changes of DNS, in seconds',
    kind: whole(1, 86_400),
    default: '300',
  },
  billingApiTlsCertFile: {
    name: 'BILLING_API_TLS_CERT_FILE',
    what:
      'Path of the client certificate (PEM, with its chain) for mutual TLS with the billing API. The TLS ' +
      'files are read again when they change',
    kind: TEXT,
    unset: 'none',
  },
  billingApiTlsKeyFile: {
    name: 'BILLING_API_TLS_KEY_FILE',
    what: 'Path of the private key (PEM) of BILLING_API_TLS_CERT_FILE',
    kind: TEXT,
    unset: 'none',
  },
  billingApiTlsKeyPassphraseFile: {
    name: 'BILLING_API_TLS_KEY_PASSPHRASE_FILE',
    what: 'Path of a file with the passphrase of that key',
    kind: TEXT,
    unset: 'none',
  },
  billingApiTlsCaFile: {
    name: 'BILLING_API_TLS_CA_FILE',
    what: 'Path of the certificates (PEM) of the authorities that may vouch for the billing API, instead of the well-known ones',
    kind: TEXT,
    unset: 'the well-known ones',
  },
  billingApiProxy: {
    name: 'BILLING_API_PROXY',
    what:
      'Proxy through which the billing API is reached (CONNECT), whatever the variables below say; it may ' +
      'hold a user and a password, which are never logged',
    kind: PROXY,
    unset: 'HTTPS_PROXY or HTTP_PROXY',
    secret: true,
  },
  httpsProxy: {
    name: 'HTTPS_PROXY',
    what: 'Proxy for a billing API behind https; also read in lower case',
    kind: PROXY,
    unset: 'none',
    alsoLowerCase: true,
  },
  httpProxy: {
    name: 'HTTP_PROXY',
    what: 'Proxy for a billing API behind http; also read in lower case',
    kind: PROXY,
    unset: 'none',
    alsoLowerCase: true,
  },
  noProxy: {
    name: 'NO_PROXY',
    what:
      'Hosts that are reached without HTTPS_PROXY and HTTP_PROXY, separated by commas: names (with their ' +
      'subdomains), addresses, ranges such as 10.0.0.0/8, or *; also read in lower case',
    kind: TEXT,
    unset: 'none',
    alsoLowerCase: true,
  },
  billingApiUserAgent: {
    name: 'BILLING_API_USER_AGENT',
    what: 'The `user-agent` header of requests to the billing API',
    kind: HEADER_VALUE,
    unset: 'billing-graphql-gateway/ and the version',
  },
  billingApiHeaders: {
    name: 'BILLING_API_HEADERS_FILE',
    what:
      'Path of a file with headers that are sent with every request to the billing API, such as an API key: ' +
      'one `name: value` in each line. Never logged',
    kind: HEADERS_FILE,
    unset: 'none',
  },
  billingApiCorrelationHeader: {
    name: 'BILLING_API_CORRELATION_HEADER',
    what: 'Name of the header in which the request id is sent to the billing API, such as x-correlation-id',
    kind: HEADER_NAME,
    unset: 'it is not sent',
  },
  billingApiForwardHeaders: {
    name: 'BILLING_API_FORWARD_HEADERS',
    what:
      "Names of a client's headers that are forwarded to the billing API, separated by commas. Requests " +
      'that differ in one of them share no cached response',
    kind: HEADER_NAMES,
    unset: 'none',
  },
  billingApiCompression: {
    name: 'BILLING_API_COMPRESSION',
    what: 'Whether the billing API may compress its responses: none or gzip',
    kind: choice(['none', 'gzip']),
    default: 'none',
  },
  billingApiMaxBodyBytes: {
    name: 'BILLING_API_MAX_BODY_BYTES',
    what: 'Largest answer of the billing API that is read, in bytes, after decompression',
    kind: whole(1, 1024 * MIB),
    default: '16777216',
  },
} as const satisfies Table;
