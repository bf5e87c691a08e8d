// Runs in the browser, around GraphiQL: holds the token of all tabs, asks what a query would cost, makes links, and hands
// each response to the cost panel (cost.js).
(() => {
  const settings = JSON.parse(document.getElementById('settings').textContent);
  const byId = (id) => document.getElementById(id);
  const note = byId('note');
  const root = ReactDOM.createRoot(byId('explorer'));
  let operationName;

  // A token must not outlive the page, nor a customer's identifiers the window. GraphiQL's history keeps headers even where
  // it is told to keep none: that stays in memory.
  const memory = new Map();
  const isOfPage = (key) => /^graphiql:(?:queries|favorites|headers)$/.test(key);
  const storage = {
    get length() {
      return sessionStorage.length + memory.size;
    },
    getItem: (key) => (isOfPage(key) ? (memory.get(key) ?? null) : sessionStorage.getItem(key)),
    setItem: (key, value) => (isOfPage(key) ? memory.set(key, value) : sessionStorage.setItem(key, value)),
    removeItem: (key) => (isOfPage(key) ? memory.delete(key) : sessionStorage.removeItem(key)),
    clear: () => {
      memory.clear();
      sessionStorage.clear();
    },
  };

  /** What GraphiQL opens with: the query of a link, or else what was being written before a reload, or else the examples. */
  const toStart = () => {
    const link = new URLSearchParams(location.search);
    const linked = link.get('query') && { query: link.get('query'), variables: link.get('variables') ?? '' };
    const stored = JSON.parse(sessionStorage.getItem('graphiql:tabState') ?? 'null');
    if (!stored) {
      const tabs = [...(linked ? [linked] : []), ...settings.examples];
      return { ...tabs[0], defaultTabs: tabs };
    }
    // GraphiQL finds a tab by the query that it is given, and opens one where there is none.
    const tab = stored.tabs[stored.activeTabIndex];
    return linked ?? { query: tab?.query ?? undefined, variables: tab?.variables ?? undefined };
  };

  /** The token goes with the query of every tab, unless the tab's own headers say otherwise. It is nowhere but in the field. */
  const toHeaders = (ownHeaders = {}) => {
    const token = byId('bearer')
      .value.trim()
      .replace(/^Bearer /i, '');
    const isAuthorized = Object.keys(ownHeaders).some((name) => name.toLowerCase() === 'authorization');
    return token === '' || isAuthorized ? ownHeaders : { authorization: `Bearer ${token}`, ...ownHeaders };
  };

  const post = async (params, ownHeaders, headersOfPage) => {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...toHeaders(ownHeaders), ...headersOfPage },
      body: JSON.stringify(params),
    });
    return response.json();
  };

  /** The name, where the query has it. GraphiQL keeps the name of the tab before until it has read the query of the new one. */
  const nameIn = (query, name) => (name && new RegExp(`\\b${name}\\b`).test(query) ? { operationName: name } : {});

  const fetcher = async ({ operationName: name, ...request }, options) => {
    // GraphiQL's own question for the schema is no query of the reader's: the gateway has the answer in a file.
    if (name === 'IntrospectionQuery') return (await fetch('/graphql/explorer/schema.json')).json();
    const params = { ...request, ...nameIn(request.query, name) };
    const answer = await post(params, options?.headers, { 'x-billing-trace': 'calls' });
    Cost.showAnswer(answer, settings, params);
    markShown();
    return answer;
  };

  /** What stands in one of GraphiQL's editors. */
  const textOf = (editor) => document.querySelector(editor)?.CodeMirror.getValue() ?? '';
  const editors = {
    query: '.graphiql-query-editor .CodeMirror',
    variables: '.graphiql-editor-tool > :nth-child(1) .CodeMirror',
    headers: '.graphiql-editor-tool > :nth-child(2) .CodeMirror',
  };

  /** An editor's JSON object; empty where nothing is in it. Throws where it is none. */
  const readObject = (name) => {
    const text = textOf(editors[name]).trim();
    let value = {};
    try {
      if (text !== '') value = JSON.parse(text);
    } catch {
      value = null;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`The ${name} are not a JSON object.`);
    return value;
  };

  // What the cost panel is about: it says so when the editors have something else.
  let shown = null;
  const inEditors = () => JSON.stringify([textOf(editors.query), textOf(editors.variables)]);
  const markShown = () => (shown = inEditors());
  const markOutdated = () => setTimeout(() => Cost.markOutdated(shown !== null && shown !== inEditors()));

  const predict = async () => {
    const query = textOf(editors.query);
    try {
      Cost.showPrediction(
        // Where several operations stand in the editor, it is the one with the cursor in it.
        await post({ query, variables: readObject('variables'), ...nameIn(query, operationName) }, readObject('headers'), {
          'x-billing-dry-run': '1',
        }),
        settings,
      );
      markShown();
    } catch (error) {
      Cost.showProblem(error.message);
    }
  };

  const getToken = async () => {
    const response = await fetch('/graphql/explorer/token', { method: 'POST' });
    if (response.ok) byId('bearer').value = (await response.json()).token;
    note.textContent = response.ok ? 'A token for an hour, for every tab.' : 'The gateway gave no token.';
  };

  /** Puts a link to the query into the address bar and the clipboard. Headers, and so the token, are not part of it. */
  const copyLink = async () => {
    const link = new URL(location.pathname, location.origin);
    link.searchParams.set('query', textOf(editors.query));
    const variables = textOf(editors.variables).trim();
    if (variables !== '') link.searchParams.set('variables', variables);
    history.replaceState(null, '', link);
    const isCopied = await navigator.clipboard?.writeText(link.href).then(
      () => true,
      () => false,
    );
    note.textContent = isCopied ? 'The link is copied, without headers.' : 'The link is in the address bar, without headers.';
  };

  /** What GraphiQL leaves out for those who do not see the page: labels of its editors, and tabs that are lists of buttons. */
  const adapt = () => {
    const labels = {
      '.graphiql-query-editor': 'Query',
      '.graphiql-editor-tool > :nth-child(1)': 'Variables',
      '.graphiql-editor-tool > :nth-child(2)': 'Headers',
      '.result-window': 'Response',
    };
    for (const [editor, label] of Object.entries(labels))
      for (const textarea of document.querySelectorAll(`${editor} textarea`)) textarea.setAttribute('aria-label', label);
    for (const scroller of document.querySelectorAll('.CodeMirror-scroll')) scroller.setAttribute('tabindex', '0');
    for (const tabs of document.querySelectorAll('.graphiql-container [role="tablist"]')) tabs.setAttribute('role', 'group');
    for (const tab of document.querySelectorAll('.graphiql-container [role="tab"]')) tab.setAttribute('role', 'none');
    for (const tab of document.querySelectorAll('li[aria-selected]')) tab.removeAttribute('aria-selected');
  };
  new MutationObserver(adapt).observe(byId('explorer'), { childList: true, subtree: true, attributeFilter: ['aria-selected'] });

  byId('token').hidden = !settings.canIssueToken;
  byId('token').addEventListener('click', getToken);
  byId('predict').addEventListener('click', predict);
  byId('link').addEventListener('click', copyLink);
  note.textContent = settings.notice;
  root.render(
    React.createElement(GraphiQL, {
      fetcher,
      ...toStart(),
      defaultQuery: '',
      defaultEditorToolsVisibility: 'variables',
      onEditOperationName: (name) => (operationName = name),
      onEditQuery: markOutdated,
      onEditVariables: markOutdated,
      onTabChange: markOutdated,
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
      storage,
    }),
  );
})();
