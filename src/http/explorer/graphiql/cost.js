// Runs in the browser: the panel that tells what a query cost, or would cost.
globalThis.Cost = (() => {
  const summary = document.getElementById('summary');
  const table = document.getElementById('calls');
  const rows = document.getElementById('rows');

  const SOURCES = {
    api: 'billing API',
    shared: "another query's call",
    cache: 'cache',
    stale: 'cache, past its time',
    none: 'not asked',
  };

  const count = (number, thing) => `${number} ${thing}${number === 1 ? '' : 's'}`;
  const toMs = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

  /** Places of invoices as people count them. */
  const toWindow = ({ offset, quantity }) => (quantity === 1 ? `${offset + 1}` : `${offset + 1} to ${offset + quantity}`);

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
  };

  const toBar = (ms, longestMs) => {
    const cell = element('td', 'time');
    const bar = element('i', 'bar');
    // Through the object model: the page's policy allows no style that is written in it.
    bar.style.width = `${longestMs > 0 ? Math.max(2, (60 * ms) / longestMs) : 2}px`;
    cell.append(bar, toMs(ms));
    return cell;
  };

  const showCalls = (requests) => {
    const longestMs = Math.max(...requests.map((request) => request.durationMs));
    rows.replaceChildren(
      ...requests.map((request, index) => {
        const row = document.createElement('tr');
        const texts = [index + 1, request.customer, request.contract ?? 'all contracts', toWindow(request)];
        row.append(...texts.map((text) => element('td', '', String(text))));
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
      : 'Put one into the headers below the query: npm run -s token -- --json prints them.';
    show(
      'bad',
      isTokenMissing ? 'This query needs a token.' : `Refused: ${code ?? 'no code'}.`,
      isTokenMissing ? help : error.message,
      'No call was made.',
    );
  };

  return {
    /** What a query cost. */
    showAnswer(answer, settings) {
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
        showCalls(billing.requests);
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
    /** Why there is nothing to tell. */
    showProblem(text) {
      show('bad', text);
    },
  };
})();
