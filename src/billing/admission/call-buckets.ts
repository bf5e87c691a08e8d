/** What became of an attempt to take calls out of a bucket. */
export interface TakenCalls {
  readonly granted: boolean;
  /** What is in the bucket now. */
  readonly calls: number;
}

/** Buckets that several processes share. */
export interface SharedCallBuckets {
  /**
   * Takes all of the calls or none; null where the buckets cannot be reached. Never rejects.
   * @param key of a bucket; a hash, never a token.
   * @param calls below 0: they are given back.
   */
  take(key: string, calls: number): Promise<TakenCalls | null>;
  close(): Promise<void>;
}
