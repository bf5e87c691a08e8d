import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { introspectionFromSchema, type GraphQLSchema } from 'graphql';
import { PAGE_HEADERS, toExampleTabs, type ExampleTab, type Explorer, type ExplorerOptions } from './explorer';

/** The files that `npm run build` puts into `dist/graphiql`; see tools/graphiql-files.ts. */
const FILES: Readonly<Record<string, string>> = {
  'react.js': 'text/javascript',
  'react-dom.js': 'text/javascript',
  'graphiql.js': 'text/javascript',
  'graphiql.css': 'text/css',
  'cost.js': 'text/javascript',
  'page.js': 'text/javascript',
  'page.css': 'text/css',
};

/** They go with the page: a browser must not run those of the version before. */
const OWN_FILES: ReadonlySet<string> = new Set(['cost.js', 'page.js', 'page.css']);

const FOLDER = join(__dirname, '../../../dist/graphiql');

/** Nothing from elsewhere, and no script or style in the page itself. GraphiQL's style sheet holds its fonts and pictures. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** GraphiQL out of the package itself, for networks that reach nothing else. */
export function createGraphiql({ example, faults, issueToken, schema, trustedOnly }: ExplorerOptions): Explorer {
  const page = toPage({
    examples: toExampleTabs({ example, faults }),
    canIssueToken: issueToken !== null,
    notice: toNotice(schema !== null, trustedOnly),
  });
  return {
    plugins: [{ serverWillStart: () => Promise.resolve({ renderLandingPage: () => Promise.resolve({ html: page }) }) }],
    pageHeaders: { ...PAGE_HEADERS, 'content-security-policy': POLICY },
    register: (app) => {
      registerFiles(app);
      registerSchema(app, schema);
      if (issueToken) registerToken(app, issueToken);
    },
  };
}

function registerFiles(app: FastifyInstance): void {
  app.get<{ Params: { file: string } }>('/graphql/explorer/:file', async (request, reply) => {
    const { file } = request.params;
    const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
    if (type === undefined) {
      reply.callNotFound();
      return reply;
    }
    // Read each time and not kept: an explorer is opened seldom, and the gateway's memory is for answers.
    const body = request.headers['accept-encoding']?.includes('gzip')
      ? createReadStream(join(FOLDER, `${file}.gz`))
      : await readFile(join(FOLDER, file));
    if (!Buffer.isBuffer(body)) void reply.header('content-encoding', 'gzip');
    return reply
      .headers({
        ...PAGE_HEADERS,
        'cache-control': OWN_FILES.has(file) ? 'no-cache' : 'public, max-age=3600',
        vary: 'accept-encoding',
        'content-type': `${type}; charset=utf-8`,
      })
      .send(body);
  });
}

/**
 * The response to GraphiQL's own request for the schema. Sent as a query it would be refused where only trusted documents
 * run, although nobody who may see this page is kept from the schema by that.
 */
function registerSchema(app: FastifyInstance, schema: GraphQLSchema | null): void {
  let body: string | null = null;
  const toBody = (): string =>
    JSON.stringify(
      schema
        ? { data: introspectionFromSchema(schema) }
        : { errors: [{ message: INTROSPECTION_IS_OFF, extensions: { code: 'FORBIDDEN' } }] },
    );
  app.get('/graphql/explorer/schema.json', (_request, reply) =>
    reply
      .headers({ ...PAGE_HEADERS, 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' })
      // Kept once it was asked for, by whoever can reach the gateway: to make it takes 5 ms.
      .send((body ??= toBody())),
  );
}

const INTROSPECTION_IS_OFF = 'Introspection is off (INTROSPECTION=false): there are no docs and no completion.';

/** What a reader should know from the start. */
function toNotice(isSchemaOpen: boolean, trustedOnly: boolean): string {
  return [
    trustedOnly ? 'Only trusted documents run here (TRUSTED_DOCUMENTS): any other text is refused, changes to them included.' : '',
    isSchemaOpen ? '' : INTROSPECTION_IS_OFF,
  ]
    .filter((text) => text !== '')
    .join(' ');
}

/** A token of the embedded billing API, for the page itself and for no other: any page could open this address otherwise. */
function registerToken(app: FastifyInstance, issueToken: () => string): void {
  app.post('/graphql/explorer/token', (request, reply) => {
    void reply.header('cache-control', 'no-store');
    if (!isOwnPage(request))
      return reply
        .code(403)
        .send({ errors: [{ message: 'Only the explorer of this address may ask for a token.', extensions: { code: 'FORBIDDEN' } }] });
    return reply.send({ token: issueToken() });
  });
}

/**
 * Browsers set `Origin` on each POST, and no script can change it (Fetch, section 3.1). Other clients send what they like:
 * so the connection itself must come from this machine, wherever the gateway listens. The name in `Host` keeps out pages
 * whose own name was made to point here (DNS rebinding).
 */
function isOwnPage({ headers, raw }: FastifyRequest): boolean {
  return (
    /^(?:127\.|::1$|::ffff:127\.)/.test(raw.socket.remoteAddress ?? '') &&
    headers.host !== undefined &&
    headers.origin === `http://${headers.host}` &&
    /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?$/.test(headers.host)
  );
}

/** Data passed to the page; see graphiql/page.js. */
interface PageSettings {
  readonly examples: readonly ExampleTab[];
  readonly canIssueToken: boolean;
  readonly notice: string;
}

function toPage(settings: PageSettings): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Billing GraphQL gateway</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/graphql/explorer/graphiql.css">
<link rel="stylesheet" href="/graphql/explorer/page.css">
</head>
<body>
<header id="bar"><h1>Billing gateway</h1>
<label>Token <input id="bearer" type="password" autocomplete="off" spellcheck="false" placeholder="for every tab"></label>
<button id="token" type="button" hidden>Get a token</button>
<button id="predict" type="button" title="How many calls to the billing API the query would make, without making them">Predict cost</button>
<button id="link" type="button" title="A link to this query and its variables, without headers">Copy link</button>
<span id="note" role="status"></span></header>
<main id="explorer">The explorer is loading; it needs JavaScript.</main>
<section id="cost" aria-label="What the query cost" tabindex="0"><h2>Cost</h2>
<span id="outdated" hidden>before your last edit</span>
<p id="summary" role="status">Run a query to see what it costs, or let its cost be predicted: that makes no call.</p>
<table id="calls" tabindex="0" hidden><thead><tr>
<th>#</th><th>Customer</th><th>Contract</th><th>Invoices</th><th>Answered by</th><th>Outcome</th><th>Time</th>
</tr></thead><tbody id="rows"></tbody></table></section>
<script id="settings" type="application/json">${JSON.stringify(settings).replaceAll('<', '\\u003c')}</script>
<script src="/graphql/explorer/react.js"></script>
<script src="/graphql/explorer/react-dom.js"></script>
<script src="/graphql/explorer/graphiql.js"></script>
<script src="/graphql/explorer/cost.js"></script>
<script src="/graphql/explorer/page.js"></script>
</body>
</html>
`;
}
