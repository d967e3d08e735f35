/**
 * The database can't be reached or does not answer in time. A later attempt connects again. A change may have
 * been committed all the same: perhaps only the answer was lost.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** The database answers but refuses changes: it is a standby, or it is set read-only. */
export class StoreReadOnly extends StoreUnavailable {
  override readonly name: string = "StoreReadOnly";
}
