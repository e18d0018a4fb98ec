// Where processes share what token endpoints have given them, so that a fleet refreshes once. The
// layer that needs tokens and the room that stores them know this interface, not each other.
// It is asked only when a token has to be renewed, never for a call that has a valid one, and each
// of its methods may fail: whoever asks goes on alone then. A store keeps values sealed wherever
// they leave the processes of one gateway.

/** What is stored of one credential. */
export interface StoredToken {
  /** The access token itself. */
  readonly text: string;
  /** End of its life, in epoch ms: monotonic clocks of two processes have nothing in common. */
  readonly expiresAtWall: number;
  /** Its whole life, in ms: what is too little to be worth having is told by that. */
  readonly lifetimeMs?: number;
  /** Counts the tokens of this credential; a higher one is newer. */
  readonly version: number;
  /** The refresh token that goes with it, where each answer brings a new one. */
  readonly refreshToken?: string;
}

/** The right to renew one token, for a time. Losing it costs one more renewal, nothing else. */
export interface TokenLease {
  /** Gives it back; does nothing when somebody else holds it by now. */
  release(): Promise<void>;
}

/** The shared tokens. Names tell credentials and their configurations apart and hold no secret. */
export interface TokenStore {
  /** Takes the right to renew `name` for `forMs`; `undefined` while somebody else holds it. */
  lease(name: string, forMs: number): Promise<TokenLease | undefined>;
  read(name: string): Promise<StoredToken | undefined>;
  /** Keeps `token` unless a newer version is there; whether it did. */
  write(name: string, token: StoredToken): Promise<boolean>;
}
