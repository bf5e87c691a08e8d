import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spawnGateway } from '../support/gateway-process';

const run = promisify(execFile);
const root = join(__dirname, '../..');
const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { dueDate } } }';

describe('The command that the start prints for a token', () => {
  it('prints nothing but a header that the gateway takes, when it is pasted into a shell', async () => {
    const gateway = spawnGateway();
    try {
      const url = await gateway.ready();
      const [command] = await gateway.waitFor(/^BILLING_API_TOKEN_URL=.*$(?=[^]*In a browser)/m);
      const { stdout, stderr } = await run('sh', ['-c', command], { cwd: root });
      expect(stdout).toMatch(/^Authorization: Bearer \S+\n$/);
      expect(gateway.stdout()).toContain(`In a browser: ${url}/graphql (GraphiQL`);
      expect(stderr).toBe('It is good for 60 minutes.\n');
      const [name, value] = stdout.trimEnd().split(': ') as [string, string];
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [name]: value },
        body: JSON.stringify({ query: QUERY }),
      });
      expect(await answer.json()).toMatchObject({ data: { customer: { contract: { dueDate: '2025-07-15' } } } });
    } finally {
      await gateway.kill();
    }
  });

  it('ends with exit code 1 and says what is missing, without a stack', async () => {
    const failed: unknown = await run('npm', ['run', '-s', 'token'], { cwd: root, env: { PATH: process.env['PATH'] } }).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^BILLING_API_TOKEN_URL is missing.*\nBILLING_API_CLIENT_ID is missing.*\nBILLING_API_CLIENT_SECRET is missing.*\nSee --help\.\n$/,
      ),
    });
  });
});
