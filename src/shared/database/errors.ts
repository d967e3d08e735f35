/**
 * The database can't be reached, or does not answer in time. It comes back by itself. A change may have been made
 * all the same: its answer, not the change, may be what was lost.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** The database answers, and takes no changes: it is a standby, or set read-only. */
export class StoreReadOnly extends StoreUnavailable {
  override readonly name: string = "StoreReadOnly";
}
