/** The result of taking calls from a bucket. */
export interface TakenCalls {
  readonly granted: boolean;
  /** Calls left in the bucket. */
  readonly calls: number;
}

/** Token buckets shared by several processes. */
export interface SharedCallBuckets {
  /**
   * Takes all of the calls or none; resolves to null if the buckets cannot be reached. Never rejects.
   * @param key identifies the bucket; a hash, never a token.
   * @param calls negative to return calls to the bucket.
   */
  take(key: string, calls: number): Promise<TakenCalls | null>;
  close(): Promise<void>;
}
