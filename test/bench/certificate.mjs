// A certificate for the billing API of the benchmarks, which nobody else trusts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SUBJECT = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];

/** Makes a certificate with openssl. Returns the paths of it and its key, and `remove`. */
export function makeCertificate() {
  const directory = mkdtempSync(join(tmpdir(), 'bench-tls-'));
  const [cert, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', ...SUBJECT, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { cert, key, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
