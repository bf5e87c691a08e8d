/** What became of an attempt to take calls out of a bucket. */
export interface TakenCalls {
  readonly granted: boolean;
  /** What is in the bucket now; below 0 where more was taken than there was. */
  readonly calls: number;
}

/** How calls are taken. */
export interface Taking {
  /** Below 0: they are given back. */
  readonly calls: number;
  /** Whether they are taken though there are not as many: they were made already. */
  readonly isForced: boolean;
}

/** Buckets that several processes share. */
export interface SharedCallBuckets {
  /** Null where they cannot be reached. @param key of a bucket; a hash, never a token. Never rejects. */
  take(key: string, taking: Taking): Promise<TakenCalls | null>;
  close(): Promise<void>;
}
