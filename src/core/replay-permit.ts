// How the transport asks whether it may send a request once more. It knows nothing of budgets, and
// who keeps one knows nothing of connections.

/** Counts the replays of the replay ladder among the load that is made by trying again. */
export interface ReplayPermit {
  /**
   * Takes the permit for one replay, or says `false` and takes nothing. `isRace` = the request was
   * not read, provably or by all appearances (L0 to L2); otherwise it may have been (L3).
   * `place` = `host:port`.
   */
  takeReplay(isRace: boolean, now: number, place: string): boolean;
}
