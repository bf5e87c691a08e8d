import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Paths of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own, made with openssl. */
export interface TestAuthority extends CertificateFiles {
  /** Issues a certificate for `localhost`, or for a client of this name. */
  issue(name: string, options?: { readonly passphrase?: string }): CertificateFiles;
  /** Issues a certificate that expires as soon as it is issued. */
  issueExpired(name: string): CertificateFiles;
}

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'ignore' });
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/** Makes an authority whose files are in the directory. */
export function createAuthority(directory: string, name = 'authority'): TestAuthority {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  openssl('req', '-x509', ...EC, '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert);
  return {
    key,
    cert,
    issue: (subject, { passphrase } = {}) => {
      const path = (suffix: string): string => join(directory, `${name}-${subject}.${suffix}`);
      const secrecy = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`];
      openssl(
        ...['req', '-x509', ...EC, ...secrecy, '-days', '2', '-subj', `/CN=${subject}`, '-addext', `subjectAltName=DNS:${subject}`],
        ...['-addext', 'basicConstraints=critical,CA:FALSE', '-CA', cert, '-CAkey', key, '-keyout', path('key'), '-out', path('crt')],
      );
      return { cert: path('crt'), key: path('key') };
    },
    issueExpired: (subject) => {
      const path = (suffix: string): string => join(directory, `${name}-${subject}.${suffix}`);
      openssl('req', ...EC, '-nodes', '-subj', `/CN=${subject}`, '-keyout', path('key'), '-out', path('csr'));
      openssl('x509', '-req', '-in', path('csr'), '-CA', cert, '-CAkey', key, '-CAcreateserial', '-days', '0', '-out', path('crt'));
      return { cert: path('crt'), key: path('key') };
    },
  };
}
