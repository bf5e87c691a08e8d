// Runs in the browser, around GraphiQL: gets a token where the gateway offers one, asks what a query would cost, and
// hands each answer to the cost panel (cost.js).
(() => {
  const settings = JSON.parse(document.getElementById('settings').textContent);
  const note = document.getElementById('note');
  const root = ReactDOM.createRoot(document.getElementById('explorer'));
  let operationName;
  let headers = JSON.stringify({ Authorization: settings.authorization }, null, 2);

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

  // A reload goes on with what was being written: GraphiQL finds the tab by the query that it is given.
  const stored = JSON.parse(sessionStorage.getItem('graphiql:tabState') ?? 'null');
  const tab = stored?.tabs[stored.activeTabIndex];
  const example = tab?.query
    ? { query: tab.query, variables: tab.variables ?? undefined }
    : { query: settings.query, variables: settings.variables };

  const post = async (params, headersOfQuery, ownHeaders) => {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headersOfQuery, ...ownHeaders },
      body: JSON.stringify(params),
    });
    return response.json();
  };

  const fetcher = async (params, options) => {
    // GraphiQL's own question for the schema is no query of the reader's: the gateway has the answer in a file.
    if (params.operationName === 'IntrospectionQuery') return (await fetch('/graphql/explorer/schema.json')).json();
    const answer = await post(params, options?.headers, { 'x-billing-trace': 'calls' });
    Cost.showAnswer(answer, settings);
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

  const predict = async () => {
    const query = textOf(editors.query);
    // Where several operations stand in the editor, it is the one with the cursor in it.
    const named = operationName && new RegExp(`\\b${operationName}\\b`).test(query) ? { operationName } : {};
    try {
      Cost.showPrediction(
        await post({ query, variables: readObject('variables'), ...named }, readObject('headers'), { 'x-billing-dry-run': '1' }),
        settings,
      );
    } catch (error) {
      Cost.showProblem(error.message);
    }
  };

  const render = () => {
    root.render(
      React.createElement(GraphiQL, {
        fetcher,
        headers,
        ...example,
        defaultQuery: settings.query,
        defaultEditorToolsVisibility: 'headers',
        onEditOperationName: (name) => (operationName = name),
        shouldPersistHeaders: false,
        showPersistHeadersSettings: false,
        storage,
      }),
    );
  };

  const getToken = async () => {
    const response = await fetch('/graphql/explorer/token', { method: 'POST' });
    if (!response.ok) {
      note.textContent = 'The gateway gave no token.';
      return;
    }
    const { token } = await response.json();
    let others = {};
    try {
      others = readObject('headers');
    } catch {
      // What cannot be read is replaced.
    }
    headers = JSON.stringify({ ...others, Authorization: `Bearer ${token}` }, null, 2);
    render();
    note.textContent = 'A token for an hour is in the headers.';
  };

  const button = document.getElementById('token');
  button.hidden = !settings.canIssueToken;
  button.addEventListener('click', getToken);
  document.getElementById('predict').addEventListener('click', predict);
  note.textContent = settings.notice;
  render();
})();
