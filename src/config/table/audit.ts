import { refine, TEXT } from '../kinds/kinds';
import type { Table } from '../kinds/setting';

export const AUDIT = {
  auditLog: {
    name: 'AUDIT_LOG',
    what:
      'Path of a file to which a line is appended for each read of bills, those from a cache included; ' +
      'names are keyed hashes. One file for each process',
    kind: TEXT,
    unset: 'there is no audit trail',
  },
  auditSecret: {
    name: 'AUDIT_SECRET',
    what: 'At least 32 characters: the key of the hashes and seals in the audit trail. Required with AUDIT_LOG',
    kind: refine(TEXT, 'a text of at least 32 characters', (text) => text.length >= 32),
    unset: 'none',
    secret: true,
  },
} as const satisfies Table;
