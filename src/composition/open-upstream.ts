import type { Bills, Invoice } from '../billing/model/bills';
import type { BillingSource, PagedResource } from '../billing/ports/billing-source';
import type { Config } from '../config/config';
import { toDriftObserver } from '../telemetry/logs/upstream-log';
import { createBillsResource } from '../upstream/bills/bills-resource';
import { ContractDrift } from '../upstream/bills/contract-drift';
import { CONTRACT_DIALECT, type Dialect } from '../upstream/bills/dialect';
import { ResponseDecoder } from '../upstream/bills/decode-bills';
import { createTransport, type Transport } from '../upstream/http/transport';
import { AdaptiveLimit } from '../upstream/resilience/adaptive-limit';
import { Attempts } from '../upstream/resilience/attempts';
import { findProxy } from '../upstream/sockets/proxy';
import { hasTlsFiles, TlsFiles } from '../upstream/sockets/tls-files';
import { UpstreamSource } from '../upstream/upstream-source';
import { VERSION } from '../version';
import type { Foundation } from './foundation';

/** The billing API, as the rest of the gateway uses it. */
export interface Upstream {
  /** How bills are requested and decoded. */
  readonly bills: PagedResource<Bills, Invoice>;
  /** Reads bills, with retries, limits and the circuit breaker. */
  readonly source: BillingSource;
  readonly attempts: Attempts;
  readonly dialect: Dialect;
}

/** Opens the connections to the billing API, and everything that reads bills through them. */
export function openUpstream(foundation: Foundation): Upstream {
  const { config, log, metrics, memory, observer } = foundation;
  const limit = new AdaptiveLimit(config.billingApiConnections);
  const transport = openTransport(foundation, limit);
  const dialect = config.billingApiDialect ?? CONTRACT_DIALECT;
  const attempts = new Attempts(transport, {
    observer,
    errorMessage: dialect.errorMessage,
    limit,
    callBudget: config.upstreamCallBudget,
    memory,
  });
  metrics.watchUpstream(() => attempts.state);
  const form = { ...dialect.request, paging: config.billingApiPaging };
  const bills = createBillsResource({ decoder: createDecoder(config, dialect), form });
  const source = new UpstreamSource(bills, attempts, {
    errorMessage: dialect.errorMessage,
    retries: config.billingApiRetries,
    observer,
    drift: new ContractDrift(toDriftObserver(metrics.drift, log), dialect.table),
  });
  return { bills, source, attempts, dialect };
}

function openTransport({ config, baseUrl, observer, caches, opened }: Foundation, limit: AdaptiveLimit): Transport {
  const transport = createTransport({
    baseUrl,
    connections: limit,
    maxBodyBytes: config.billingApiMaxBodyBytes,
    // No attempt outlasts its operation; so a time-out longer than that is no time-out.
    timeoutMs: Math.min(config.billingApiTimeoutMs, config.requestDeadlineMs),
    sharing: config.billingApiConnectionSharing,
    maxAgeMs: config.billingApiConnectionMaxAgeSeconds * 1000,
    proxy: findProxy(baseUrl, config.billingApiProxies),
    tlsFiles: hasTlsFiles(config.billingApiTls) ? new TlsFiles(config.billingApiTls, observer) : null,
    userAgent: config.billingApiUserAgent ?? `billing-graphql-gateway/${VERSION}`,
    compression: config.billingApiCompression,
    headers: config.billingApiHeaders ?? [],
    correlationHeader: config.billingApiCorrelationHeader,
    observer,
    caches,
  });
  opened.add(() => transport.close());
  return transport;
}

function createDecoder(config: Config, dialect: Dialect): ResponseDecoder {
  return new ResponseDecoder({
    table: dialect.table,
    strict: config.contractCheck === 'strict',
    listsAll: dialect.request.parameters.contractNumber === null,
    mayBeList: dialect.listsContracts,
    meaning: { statusTrue: config.invoiceStatusTrue, currency: config.billingCurrency },
  });
}
