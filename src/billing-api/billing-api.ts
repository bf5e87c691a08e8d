import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { AccessTokens, readScope, type TokenRequest } from './tokens/access-tokens';
import type { BillQueryRules } from './bills/bill-query';
import { FAULT_CONTRACTS, type FaultContract } from './bills/fault-contracts';
import { Ledger, type ClientRecord, type CustomerKey, type LedgerData } from './data/ledger';
import { toSampleData } from './data/sample-data';
import { buildServer } from './server';
import { tokenPath } from './tokens/token-endpoint';

export interface BillingApiOptions extends Partial<BillQueryRules> {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  /** A path before every path of the contract, such as `/v2`; default none. */
  readonly basePath?: string;
  /** A JSON file to serve instead of the sample data; its form is described in `data-file.ts`. */
  readonly dataFile?: string;
  /** Data to serve instead of the sample data; not read where there is a `dataFile`. */
  readonly data?: LedgerData;
  /** Instead of the data's own clients. */
  readonly clients?: readonly ClientRecord[];
  /** At least 32 bytes; random by default, so that tokens end with the process. */
  readonly signingSecret?: string | Uint8Array;
  /** Default 3600. */
  readonly tokenLifetimeSeconds?: number;
  /** Sent as `Cache-Control` with every 200; none by default. */
  readonly cacheControl?: string;
}

/** A customer and one of its contracts. */
export interface BillsExample extends CustomerKey {
  readonly contractNumber: string;
}

export interface BillingApi {
  /** Without a slash at its end; the base path is part of it. */
  readonly url: string;
  readonly port: number;
  readonly tokenUrl: string;
  /** The first client, and its secret. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** A contract that the first client may read, with invoices where there is one; undefined where it may read none. */
  readonly firstExample: BillsExample | undefined;
  /** Contract numbers at which the API misbehaves on purpose; none where it serves data of its owner's. */
  readonly faults: readonly FaultContract[];
  /** A token without a call to the token endpoint: by default the first client's, with scope `read` and the usual lifetime. */
  issueToken(request?: Partial<TokenRequest>): string;
  /** Requests to the bills resource since the start, refused ones included; token requests do not count. */
  requestCount(): number;
  /** Takes no new connections, lets the requests under way finish, and ends. */
  close(): Promise<void>;
}

/** Built once for all that serve it. */
let sampleData: LedgerData | undefined;

/**
 * Starts the billing API and resolves once it listens.
 *
 * Rejects with a `DataFileError` where the data file is not usable, a `RangeError` where an option is out of its range,
 * and the system's error where the address is not free.
 */
export async function createBillingApi(options: BillingApiOptions = {}): Promise<BillingApi> {
  const { host = '127.0.0.1', port = 0, tokenLifetimeSeconds = 3600 } = options;
  const basePath = parseBasePath(options.basePath ?? '');
  const rules = toRules(options);
  if (!isCount(tokenLifetimeSeconds)) throw new RangeError('tokenLifetimeSeconds must be a whole number from 1 on.');

  const loaded = options.dataFile === undefined ? (options.data ?? (sampleData ??= toSampleData())) : await loadDataFile(options.dataFile);
  const data: LedgerData = { customers: loaded.customers, clients: options.clients ?? loaded.clients };
  const faults = options.dataFile === undefined && options.data === undefined ? FAULT_CONTRACTS : [];
  const [client] = data.clients;
  if (client === undefined) throw new RangeError('clients must name at least one client.');

  const ledger = new Ledger(data);
  const tokens = new AccessTokens(toSecretBytes(options.signingSecret));
  const closing = new AbortController();
  let requests = 0;
  const server = await buildServer({
    bills: {
      ledger,
      tokens,
      rules,
      faults,
      cacheControl: options.cacheControl,
      closing: closing.signal,
      onRequest: () => (requests += 1),
    },
    token: { ledger, tokens, lifetimeSeconds: tokenLifetimeSeconds },
    basePath,
  });
  await server.listen({ host, port });

  const bound = server.server.address() as AddressInfo;
  const url = `http://${toReachableHost(host)}:${bound.port}${basePath}`;
  return {
    url,
    port: bound.port,
    tokenUrl: `${url}${tokenPath}?grant_type=client_credentials`,
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    firstExample: findExample(data, client.clientId, ledger),
    faults,
    issueToken: (request) =>
      tokens.issue({ clientId: client.clientId, expiresInSeconds: tokenLifetimeSeconds, scope: readScope, ...request }),
    requestCount: () => requests,
    close: () => {
      closing.abort();
      return server.close();
    },
  };
}

/** Reads a data file. What validates it is loaded only here: without a file it is not needed. */
async function loadDataFile(file: string): Promise<LedgerData> {
  const { readDataFile } = await import('./data/data-file.js');
  return readDataFile(file);
}

function toRules(options: BillingApiOptions): BillQueryRules {
  const { paging = 'offset', pageBase = 0, maxQuantity = 1000, contractNumberRequired = true } = options;
  if (!isCount(maxQuantity)) throw new RangeError('maxQuantity must be a whole number from 1 on.');
  return { paging, pageBase, maxQuantity, contractNumberRequired };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function parseBasePath(basePath: string): string {
  if (!/^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(basePath))
    throw new RangeError('basePath must be a path such as /v2, of letters, digits and . _ ~ -');
  return basePath.replace(/\/$/, '');
}

function toSecretBytes(secret: string | Uint8Array | undefined): Uint8Array {
  if (secret === undefined) return randomBytes(32);
  return typeof secret === 'string' ? Buffer.from(secret) : secret;
}

/** A host for an address: the wildcard addresses name no machine, and IPv6 stands in brackets (RFC 3986 section 3.2.2). */
function toReachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function findExample(data: LedgerData, clientId: string, ledger: Ledger): BillsExample | undefined {
  const readable = data.customers.filter((customer) => ledger.mayRead(clientId, customer));
  const pairs = readable.flatMap((customer) => customer.contracts.map((contract) => ({ customer, contract })));
  const best = pairs.find(({ contract }) => contract.invoiceCollection.length > 0) ?? pairs[0];
  return best && { idType: best.customer.idType, id: best.customer.id, contractNumber: best.contract.contractNo };
}
