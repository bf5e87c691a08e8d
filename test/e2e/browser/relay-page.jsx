// A page of two customers with the same number, in Relay's own hooks: see relay.test.ts beside it.
import { Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { RelayEnvironmentProvider, useLazyLoadQuery, usePaginationFragment } from 'react-relay';
import BillsInvoices from 'relay-artifacts/BillsInvoices_contract.graphql';
import BillsQuery from 'relay-artifacts/BillsQuery.graphql';
import { createRelayEnvironment } from '../client/relay-environment';

function Invoices({ contract }) {
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment(BillsInvoices, contract);
  const { edges } = data.invoices;
  return (
    <>
      <p role="status">{edges.length} invoices</p>
      <ol>
        {edges.map(({ node }) => (
          <li key={node.number}>{node.number}</li>
        ))}
      </ol>
      {hasNext && (
        <button type="button" disabled={isLoadingNext} onClick={() => loadNext(20)}>
          Load more
        </button>
      )}
    </>
  );
}

function Bills({ idType }) {
  const { customer } = useLazyLoadQuery(BillsQuery, { idType, id: '80012345', number: '7' });
  return (
    <section aria-label={idType}>
      <Invoices contract={customer.contract} />
    </section>
  );
}

const environment = createRelayEnvironment(document.body.dataset.gateway, () => 'a-token');
createRoot(document.getElementById('app')).render(
  <RelayEnvironmentProvider environment={environment}>
    <Suspense fallback="Loading…">
      <Bills idType="RUC" />
      <Bills idType="CPF" />
    </Suspense>
  </RelayEnvironmentProvider>,
);
