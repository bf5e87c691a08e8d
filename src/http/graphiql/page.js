// Runs in the browser, beside GraphiQL: shows what each query cost, and fetches a token where the gateway offers one.
(() => {
  const settings = JSON.parse(document.getElementById('settings').textContent);
  const note = document.getElementById('note');
  const summary = document.getElementById('summary');
  const root = ReactDOM.createRoot(document.getElementById('explorer'));

  const toHeaders = (authorization) => JSON.stringify({ Authorization: authorization }, null, 2);

  const showCost = (billing) => {
    summary.textContent = billing ? `${billing.calls} calls, ${billing.merged} merged, ${billing.cached} cached, ${billing.stale} stale` : 'No call to the billing API was made.';
  };

  const fetcher = async (params, options) => {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'x-billing-trace': '1', ...options?.headers },
      body: JSON.stringify(params),
    });
    const answer = await response.json();
    // GraphiQL's own question for the schema is no query of the reader's.
    if (params.operationName !== 'IntrospectionQuery') showCost(answer.extensions?.billing);
    return answer;
  };

  const render = (authorization) => {
    root.render(
      React.createElement(GraphiQL, {
        fetcher,
        defaultQuery: settings.query,
        query: settings.query,
        variables: settings.variables,
        headers: toHeaders(authorization),
        defaultEditorToolsVisibility: 'headers',
        // A token must not outlive the page.
        shouldPersistHeaders: false,
      }),
    );
  };

  const button = document.getElementById('token');
  button.hidden = !settings.canIssueToken;
  button.addEventListener('click', async () => {
    const response = await fetch('/graphql/explorer/token', { method: 'POST' });
    if (!response.ok) {
      note.textContent = 'The gateway gave no token.';
      return;
    }
    render(`Bearer ${(await response.json()).token}`);
    note.textContent = 'A token for an hour is in the headers.';
  });
  render(settings.authorization);
})();
