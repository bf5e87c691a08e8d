// The React example in one command (npm run example:react): the gateway with the embedded billing API, and the page's own
// server, which bundles the page and gives it tokens. Option: --port PORT of the page (0 is any free one).
const { createServer } = require('node:http');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { buildSync } = require('../../test/node_modules/esbuild');
const { createApp } = require('../../dist/app');
const { parseConfig } = require('../../dist/config/config');
const { createLog } = require('../../dist/telemetry/logs/log');
const { toPortProblem } = require('../../test/support/port-problem.cjs');

const toPage = (gatewayUrl) => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Invoices</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
td, th { padding-right: 1rem; text-align: left; white-space: nowrap }
</style>
</head>
<body data-gateway="${gatewayUrl}/graphql"><main id="app"></main><script src="/main.js"></script></body>
</html>
`;

function bundle() {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, 'src/main.tsx')],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0].text;
}

async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '5173' } } });
  const app = await createApp(parseConfig({ PORT: '0', DRAIN_DELAY_MS: '0' }), createLog('warn'));
  const script = bundle();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/main.js') response.setHeader('content-type', 'text/javascript').end(script);
    else if (pathname === '/token' && request.method === 'POST') response.end(app.billingApi.issueToken());
    else if (pathname === '/') response.setHeader('content-type', 'text/html').end(toPage(app.url));
    else response.writeHead(404).end();
  });
  server.once('error', (error) => {
    console.error(toPortProblem(error));
    process.exit(1);
  });
  server.listen(Number(values.port), '127.0.0.1', () => console.log(`The page is at http://127.0.0.1:${server.address().port}/`));
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    await app.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());
}

void main();
