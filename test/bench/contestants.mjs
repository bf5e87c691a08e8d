// Who competes: how it starts, how it is asked for a workload's parts, what it answers, and how many calls that may cost.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';
import { toContract } from './bills.mjs';
import { CUSTOMER } from './workloads.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const OWN_FIELDS = 'number dueDate billingAddresses { street neighborhood city state country zipCode }';
const INVOICE_FIELDS = 'number contractNumber billPeriod amount status';
const { idType, id } = CUSTOMER;

/**
 * This gateway, as an operator starts it. `env` holds settings besides the defaults; `isRemembered` says that it is to
 * have answered everything before it counts.
 */
export function toGateway(name, env, { isRemembered = false } = {}) {
  return {
    name,
    isRemembered,
    script: () => `${root}dist/main.js`,
    env: { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '0', ...env },
    callsFor: ({ calls }) => (isRemembered ? 0 : calls),
    toRequest: toGatewayRequest,
    prepare: readCursors,
    toContracts: ({ data: { customer } }) =>
      (customer.contracts ?? Object.values(customer)).map(({ invoices, ...own }) => ({ ...own, invoices: invoices.nodes })),
  };
}

/** A proxy that passes bytes through: the limit of Node itself. */
export const BARE_PROXY = {
  name: 'bare proxy',
  isRemembered: false,
  script: () => `${root}test/bench/contestants/bare-proxy.mjs`,
  env: { NODE_ENV: 'production' },
  callsFor: ({ calls }) => calls,
  toRequest: toProxyRequest,
  prepare: null,
  toContracts: (answer) => (Array.isArray(answer) ? answer : [answer]).map(toContract),
};

export const TEXTBOOK_GATEWAY = {
  name: 'textbook gateway',
  isRemembered: false,
  script: compileTextbookGateway,
  env: { NODE_ENV: 'production' },
  callsFor: ({ separateCalls }) => separateCalls,
  toRequest: toTextbookRequest,
  prepare: null,
  toContracts: ({ data }) => Object.values(data),
};

/** The gateway with nothing remembered: every request goes to the billing API. */
export const GATEWAY = toGateway('gateway', { CACHE_TTL_SECONDS: '0' });

/** The gateway after it has answered the same before. An hour is longer than any run. */
export const REMEMBERED = toGateway('gateway, remembered', { CACHE_TTL_SECONDS: '3600' }, { isRemembered: true });

const post = (path, body) => ({ method: 'POST', path, body: JSON.stringify(body) });

/** `cursors`: the text that stands for an offset in `after`. */
function toGatewayRequest({ form, parts }, cursors) {
  const page = ({ offset, limit }) =>
    `invoices(first: ${limit}${offset === 0 ? '' : `, after: $a${offset}`}) { nodes { ${INVOICE_FIELDS} } }`;
  if (form === 'list') {
    const query = `query Contracts($id: ID!, $numbers: [ID!]!) { customer(idType: "${idType}", id: $id) { contracts(numbers: $numbers) { ${OWN_FIELDS} ${page(parts[0])} } } }`;
    return post('/graphql', { operationName: 'Contracts', query, variables: { id, numbers: parts.map(({ contract }) => contract) } });
  }
  const { variables, nameOf } = nameContracts(parts);
  const declared = Object.keys(variables).map((name) => `$${name}: ID!`);
  for (const offset of new Set(parts.map((part) => part.offset).filter((each) => each > 0))) {
    variables[`a${offset}`] = cursors.get(offset);
    declared.push(`$a${offset}: String`);
  }
  const selections = parts.map((part, index) => `c${index}: contract(number: $${nameOf(part)}) { ...Own ${page(part)} }`);
  const query = `query Bills(${declared.join(', ')}) { customer(idType: "${idType}", id: $id) { ${selections.join(' ')} } } fragment Own on Contract { ${OWN_FIELDS} }`;
  return post('/graphql', { operationName: 'Bills', query, variables });
}

function toTextbookRequest({ parts }) {
  const { variables, nameOf } = nameContracts(parts);
  const declared = Object.keys(variables).map((name) => `$${name}: ID!`);
  const selections = parts.map(
    (part, index) =>
      `c${index}: contract(idType: "${idType}", id: $id, number: $${nameOf(part)}, offset: ${part.offset}, first: ${part.limit}) { ...Bill }`,
  );
  const query = `query Bills(${declared.join(', ')}) { ${selections.join(' ')} } fragment Bill on Contract { ${OWN_FIELDS} invoices { ${INVOICE_FIELDS} } }`;
  return post('/', { operationName: 'Bills', query, variables });
}

/** A variable for the customer and for each different contract. */
function nameContracts(parts) {
  const names = new Map();
  for (const { contract } of parts) if (!names.has(contract)) names.set(contract, `n${names.size}`);
  return {
    variables: { id, ...Object.fromEntries([...names].map(([contract, name]) => [name, contract])) },
    nameOf: ({ contract }) => names.get(contract),
  };
}

function toProxyRequest({ parts }) {
  const pathOf = ({ contract }) => `/customers/${idType}/${id}/bills?contractNumber=${contract}`;
  const windowOf = (part) => `${pathOf(part)}&pageInit=${part.offset}&quantity=${part.limit}`;
  if (parts.length === 1) return { method: 'GET', path: windowOf(parts[0]), body: null };
  if (parts.some(({ offset }) => offset > 0))
    return post('/windows', { path: pathOf(parts[0]), windows: parts.map(({ offset, limit }) => ({ offset, limit })) });
  return post('/batch', parts.map(windowOf));
}

/** Cursors are opaque: those of the workloads are taken from answers. */
async function readCursors(ask, offsets) {
  const cursors = new Map();
  for (const offset of offsets) {
    const query = `{ customer(idType: "${idType}", id: "${id}") { contract(number: "1") { invoices(first: ${offset}) { pageInfo { endCursor } } } } }`;
    const { data } = JSON.parse(await ask(post('/graphql', { query })));
    cursors.set(offset, data.customer.contract.invoices.pageInfo.endCursor);
  }
  return cursors;
}

/** Compiled as the tests are, and written where the modules of the project are found. */
function compileTextbookGateway() {
  const { code } = transformFileSync(`${root}test/bench/contestants/textbook-gateway.ts`, {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      target: 'es2022',
    },
    module: { type: 'commonjs' },
  });
  const file = `${root}dist/bench/textbook-gateway.js`;
  mkdirSync(`${root}dist/bench`, { recursive: true });
  writeFileSync(file, code);
  return file;
}
