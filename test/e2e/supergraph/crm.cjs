// A small CRM as a subgraph: the other half of the example supergraph. It knows the customers and contracts of the
// embedded billing API's sample data, and nothing of their bills.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { ApolloServer } = require('@apollo/server');
const { ApolloServerPluginInlineTraceDisabled } = require('@apollo/server/plugin/disabled');
const { startStandaloneServer } = require('@apollo/server/standalone');
const { buildSubgraphSchema } = require('@apollo/subgraph');
const { parse } = require('graphql');

const accounts = [
  {
    code: 'A-1',
    customer: { idType: 'RUC', id: '80012345' },
    legalName: 'Distribuidora del Este S.A.',
    contracts: [
      ['700100', 12],
      ['700101', 880],
      ['700102', 1],
      ['700103', 4],
    ],
  },
  {
    code: 'A-2',
    customer: { idType: 'NIT', id: '1023456021' },
    legalName: 'Transportes Andinos S.R.L.',
    contracts: [['90071992547409931', 37]],
  },
  // The billing API has never heard of this contract.
  { code: 'A-3', customer: { idType: 'RUC', id: '80054321' }, legalName: 'Recién Llegados S.A.', contracts: [['700900', 2]] },
];

const isSame = (a, b) => a.idType === b.idType && a.id === b.id;
const accountOf = (customer) => accounts.find((account) => isSame(account.customer, customer));

const resolvers = {
  Query: {
    accounts: () => accounts,
    account: (_root, { code }) => accounts.find((account) => account.code === code) ?? null,
  },
  Account: {
    contracts: ({ customer, contracts }) => contracts.map(([number]) => ({ customer, number })),
  },
  Customer: {
    __resolveReference: ({ idType, id }) => ({ idType, id }),
    legalName: (customer) => accountOf(customer)?.legalName ?? null,
  },
  Contract: {
    __resolveReference: ({ customer, number }) => ({ customer, number }),
    lineCount: ({ customer, number }) => accountOf(customer)?.contracts.find(([known]) => known === number)?.[1] ?? null,
  },
};

/** Starts the CRM; port 0 is any free one. */
async function startCrm(port = 0) {
  const typeDefs = parse(readFileSync(join(__dirname, 'crm.graphql'), 'utf8'));
  const server = new ApolloServer({
    schema: buildSubgraphSchema({ typeDefs, resolvers }),
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginInlineTraceDisabled()],
  });
  const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port } });
  return { url, close: () => server.stop() };
}

module.exports = { startCrm };

if (require.main === module) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '4001' } } });
  void startCrm(Number(values.port)).then(({ url }) => console.log(`The CRM subgraph is at ${url}`));
}
