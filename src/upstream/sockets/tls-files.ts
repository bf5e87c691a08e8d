import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { UpstreamObserver } from '../../telemetry/observers/upstream-observer';

/** Paths of PEM files for TLS to the billing API; null: not given. */
export interface TlsFilePaths {
  /** The client certificate, with its chain. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Holds the passphrase of the key. */
  readonly keyPassphraseFile: string | null;
  /** The trusted CAs, instead of the well-known ones. */
  readonly caFile: string | null;
}

/** The settings that name the files, for error messages. */
const SETTINGS = {
  certFile: 'BILLING_API_TLS_CERT_FILE',
  keyFile: 'BILLING_API_TLS_KEY_FILE',
  keyPassphraseFile: 'BILLING_API_TLS_KEY_PASSPHRASE_FILE',
  caFile: 'BILLING_API_TLS_CA_FILE',
} as const;
const CHECK_EVERY_MS = 1000;
/** Start of a certificate in PEM: the three labels that OpenSSL accepts. */
const BEGIN_CERTIFICATE = /(?=-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----)/;

type TlsFilesObserver = Pick<UpstreamObserver, 'tlsFilesReloaded' | 'tlsFilesUnusable' | 'clientCertificateExpired'>;

/** The loaded files. */
interface LoadedTlsFiles {
  readonly context: SecureContext;
  /** When the client certificate expires, in milliseconds since the epoch; Infinity if there is none. */
  readonly expiresAtMs: number;
}

/** Client certificate and CAs for new connections, reloaded when their files change. */
export class TlsFiles {
  readonly #paths: TlsFilePaths;
  readonly #observer: TlsFilesObserver;
  #loaded: LoadedTlsFiles;
  #isExpiryReported = false;
  #version: string;
  #checkedMs = performance.now();

  /** @throws Error that names the setting whose file cannot be used. */
  constructor(paths: TlsFilePaths, observer: TlsFilesObserver = {}) {
    this.#paths = paths;
    this.#observer = observer;
    this.#version = toVersion(paths);
    this.#loaded = loadTlsFiles(paths);
    this.#tellExpiry();
  }

  /** The newest usable context. Checks the files for changes at most once a second. */
  current(): SecureContext {
    const nowMs = performance.now();
    if (nowMs - this.#checkedMs >= CHECK_EVERY_MS) {
      this.#checkedMs = nowMs;
      this.#reload();
      this.#tellExpiry();
    }
    return this.#loaded.context;
  }

  #reload(): void {
    const version = toVersion(this.#paths);
    if (version === this.#version) return;
    this.#version = version;
    try {
      this.#loaded = loadTlsFiles(this.#paths);
      this.#isExpiryReported = false;
      this.#observer.tlsFilesReloaded?.();
    } catch (error) {
      this.#observer.tlsFilesUnusable?.({ reason: (error as Error).message });
    }
  }

  /** Reports an expired client certificate once: many servers close the connection without giving this as the reason. */
  #tellExpiry(): void {
    const { expiresAtMs } = this.#loaded;
    if (this.#isExpiryReported || Date.now() < expiresAtMs) return;
    this.#isExpiryReported = true;
    this.#observer.clientCertificateExpired?.({ expiredAt: new Date(expiresAtMs).toISOString() });
  }
}

/** Whether any file is given. */
export function hasTlsFiles(paths: TlsFilePaths): boolean {
  return Object.values(paths).some((path) => path !== null);
}

/** Loads and validates the files. @throws Error that names the setting whose file cannot be used, without quoting the file. */
export function loadTlsFiles(paths: TlsFilePaths): LoadedTlsFiles {
  if ((paths.certFile === null) !== (paths.keyFile === null))
    throw new Error(`${SETTINGS.certFile} and ${SETTINGS.keyFile} must be set together.`);
  const cert = read(paths, 'certFile');
  const key = read(paths, 'keyFile');
  const ca = read(paths, 'caFile');
  const passphrase = read(paths, 'keyPassphraseFile')?.trimEnd();
  const certificate = cert === undefined ? null : readCertificates(paths, 'certFile', cert);
  if (ca !== undefined) readCertificates(paths, 'caFile', ca);
  if (key !== undefined && certificate) {
    const why = `no private key in PEM${passphrase === undefined ? ' without a passphrase' : ' with this passphrase'}`;
    const privateKey = check(paths, 'keyFile', why, () => createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) }));
    if (!certificate.checkPrivateKey(privateKey)) throw new Error(toProblem(paths, 'keyFile', 'it is not the key of the certificate'));
  }
  try {
    return {
      context: createSecureContext({ cert, key, ca, passphrase }),
      expiresAtMs: certificate ? Date.parse(certificate.validTo) : Infinity,
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(toProblem(paths, cert === undefined ? 'caFile' : 'certFile', `OpenSSL refuses it (${code ?? 'unknown'})`), {
      cause: error,
    });
  }
}

/**
 * Returns the first certificate of a file. All are parsed: OpenSSL stops silently at an invalid certificate, for example in a
 * partially written file, and would trust only the ones before it.
 */
function readCertificates(paths: TlsFilePaths, field: 'certFile' | 'caFile', text: string): X509Certificate {
  const pieces = text.split(BEGIN_CERTIFICATE).filter((piece) => BEGIN_CERTIFICATE.test(piece));
  const certificates = pieces.map((piece, index) =>
    check(paths, field, `an unreadable certificate (${index + 1} of ${pieces.length})`, () => new X509Certificate(piece)),
  );
  return certificates[0] ?? check(paths, field, 'no certificate in PEM', () => new X509Certificate(text));
}

function read(paths: TlsFilePaths, field: keyof TlsFilePaths): string | undefined {
  const path = paths[field];
  if (path === null) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(toProblem(paths, field, `it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`), { cause: error });
  }
}

function check<T>(paths: TlsFilePaths, field: keyof TlsFilePaths, why: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(toProblem(paths, field, `it holds ${why}`), { cause: error });
  }
}

function toProblem(paths: TlsFilePaths, field: keyof TlsFilePaths, why: string): string {
  return `${SETTINGS[field]}: "${paths[field] ?? ''}" cannot be used: ${why}.`;
}

/** Changes whenever a file does. Includes the inode, since kubelet replaces whole directories; others write in place. */
function toVersion(paths: TlsFilePaths): string {
  return Object.values(paths as unknown as Record<string, string | null>)
    .map((path) => {
      const stat = path === null ? undefined : statSync(path, { throwIfNoEntry: false });
      return stat ? `${stat.ino}.${stat.mtimeMs}.${stat.size}` : '';
    })
    .join(' ');
}
