// Runs in the browser: the panel that tells what a query cost, or would cost.
globalThis.Cost = (() => {
  const summary = document.getElementById('summary');
  const table = document.getElementById('calls');
  const rows = document.getElementById('rows');
  const outdated = document.getElementById('outdated');

  const SOURCES = {
    api: 'billing API',
    shared: "another query's call",
    cache: 'cache',
    stale: 'cache, past its time',
    none: 'not asked',
  };

  const count = (number, thing) => `${number} ${thing}${number === 1 ? '' : 's'}`;
  const toMs = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

  /** Places of invoices as people count them. Where the query asks for hasNextPage, one invoice more is read to know it. */
  const toWindow = ({ offset, quantity }, { query, variables }) => {
    const sizes = [...query.matchAll(/\bfirst:\s*(?:(\d+)|\$(\w+))/g)].map(([, size, name]) => Number(size ?? variables?.[name]));
    const isOneMore = quantity > 1 && query.includes('hasNextPage') && !sizes.includes(quantity);
    const last = offset + quantity - (isOneMore ? 1 : 0);
    const places = last === offset + 1 ? `${last}` : `${offset + 1} to ${last}`;
    return isOneMore ? `${places}, plus 1 to detect the next page` : places;
  };

  /** Names by hash. A hash cannot be undone: it is named where the query names one customer or contract, and by a letter otherwise. */
  const names = new Map();
  const NAMED = {
    customer: { variable: /\bid:\s*\$(\w+)/g, literal: /\bid:\s*"([^"]*)"/g },
    contract: { variable: /\bnumber:\s*\$(\w+)/g, literal: /\bnumber:\s*"([^"]*)"/g },
  };
  const learnNames = (requests, { query, variables }) => {
    for (const [kind, { variable, literal }] of Object.entries(NAMED)) {
      const hashes = [...new Set(requests.map((request) => request[kind]).filter((hash) => hash !== null))];
      const asked = [...query.matchAll(literal)].map(([, value]) => value);
      for (const [, name] of query.matchAll(variable)) if (variables?.[name] !== undefined) asked.push(String(variables[name]));
      const isCertain = hashes.length === 1 && new Set(asked).size === 1 && (kind === 'customer' || !/\bnumbers:/.test(query));
      if (isCertain) names.set(hashes[0], asked[0]);
      for (const hash of hashes)
        if (!names.has(hash))
          names.set(hash, `${kind} ${String.fromCharCode(65 + ([...names.values()].filter((name) => name.startsWith(kind)).length % 26))}`);
    }
  };
  const toName = (hash) => {
    if (hash === null) return element('td', '', 'all contracts');
    const cell = element('td', '', names.get(hash));
    const code = element('code', 'hash', hash);
    code.title = 'A keyed hash, as in x-billing-trace';
    cell.append(' ', code);
    return cell;
  };

  const element = (name, className, text) => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text ?? '';
    return made;
  };

  /** A summary, of which the first part is what matters. */
  const show = (tone, first, ...others) => {
    summary.replaceChildren(element('strong', '', first), ...others.filter(Boolean).map((text) => ` · ${text}`));
    summary.className = tone;
    table.hidden = true;
    outdated.hidden = true;
  };

  const toBar = (ms, longestMs) => {
    const cell = element('td', 'time');
    const bar = element('i', 'bar');
    // Through the object model: the page's policy allows no style that is written in it.
    bar.style.width = `${longestMs > 0 ? Math.max(2, (60 * ms) / longestMs) : 2}px`;
    cell.append(bar, toMs(ms));
    return cell;
  };

  const showCalls = (requests, params) => {
    learnNames(requests, params);
    const longestMs = Math.max(...requests.map((request) => request.durationMs));
    rows.replaceChildren(
      ...requests.map((request, index) => {
        const row = document.createElement('tr');
        row.append(
          element('td', '', String(index + 1)),
          toName(request.customer),
          toName(request.contract),
          element('td', '', toWindow(request, params)),
        );
        row.append(element('td', `source ${request.source}`, SOURCES[request.source] ?? request.source));
        row.append(
          element('td', `outcome ${request.outcome === 'OK' ? 'good' : request.outcome === 'NOT_FOUND' ? '' : 'bad'}`, request.outcome),
          toBar(request.durationMs, longestMs),
        );
        return row;
      }),
    );
    table.hidden = requests.length === 0;
  };

  const showRefusal = (errors, settings) => {
    const [error] = errors;
    const code = error.extensions?.code;
    const isTokenMissing = code === 'UNAUTHENTICATED';
    const help = settings.canIssueToken
      ? 'Press "Get a token", and run the query again.'
      : 'Paste one into the field above: npm run -s token prints it.';
    show(
      'bad',
      isTokenMissing ? 'This query needs a token.' : `Refused: ${code ?? 'no code'}.`,
      isTokenMissing ? help : error.message,
      'No call was made.',
    );
  };

  return {
    /** What a query cost. */
    showAnswer(answer, settings, params) {
      const { billing } = answer.extensions ?? {};
      if (billing) {
        show(
          '',
          `${count(billing.calls, 'call')} to the billing API`,
          `${toMs(billing.upstreamMs)} waiting for it`,
          `${billing.merged} merged`,
          `${billing.cached} from the cache`,
          billing.stale > 0 && `${billing.stale} past their time`,
          answer.errors && count(answer.errors.length, 'error'),
        );
        showCalls(billing.requests, params);
      } else if (answer.errors && !('data' in answer)) showRefusal(answer.errors, settings);
      else show('', 'No call to the billing API', 'The query asks for nothing of a customer.');
    },
    /** What a query would cost. */
    showPrediction(answer, settings) {
      const { prediction } = answer.extensions?.billing ?? {};
      if (!prediction) {
        showRefusal(answer.errors ?? [{}], settings);
        return;
      }
      const { calls, atLeast, budget } = prediction;
      show(
        answer.errors ? 'bad' : 'good',
        `It would make ${atLeast ? 'at least ' : ''}${count(calls, 'call')}`,
        `a query may make ${budget}`,
        'Counted as if the cache were empty. Nothing was asked.',
        answer.errors?.[0]?.message,
      );
    },
    /** The query is no longer the one that the panel is about. */
    markOutdated(isOutdated) {
      outdated.hidden = !isOutdated;
    },
    /** Why there is nothing to tell. */
    showProblem(text) {
      show('bad', text);
    },
  };
})();
