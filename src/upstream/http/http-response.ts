/** An answer as it came: any status but an interim one, its whole body. */
export interface HttpAnswer {
  readonly status: number;
  /** Those that the gateway reads: names in lower case; what came twice is joined by a comma (RFC 9110, section 5.3). */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Whether the body of an error was too large to be read: it is empty then. */
  readonly isCut?: boolean;
}
