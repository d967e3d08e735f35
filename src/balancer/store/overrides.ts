import type { ForcedState, Override } from "../routes/override.ts";
import { isoTime } from "./rows.ts";
import type { Sql } from "../../shared/database/sql.ts";

interface OverrideRow {
  cluster: string;
  name: string;
  state: ForcedState;
  author: string;
  since: Date;
  expires_at: Date;
  left_ms: number;
}

/** The database computes the time left, so that the clocks of the instances need not agree. */
const COLUMNS = `cluster, name, state, author, since, expires_at,
  (extract(epoch from expires_at - now()) * 1000)::float8 as left_ms`;

const READ = `select ${COLUMNS} from balancer.overrides where expires_at > now() order by cluster, name`;

/** Setting an override also deletes all expired ones, because nothing else does. */
const SET = `
  with ended as (
    delete from balancer.overrides where expires_at <= now() and (cluster, name) <> ($1::text, $2::text)
  )
  insert into balancer.overrides (cluster, name, state, author, since, expires_at)
  values ($1::text, $2::text, $3::text, $4::text, now(), now() + $5::float8 * interval '1 second')
  on conflict (cluster, name) do update set state = excluded.state, author = excluded.author,
    since = excluded.since, expires_at = excluded.expires_at
  returning ${COLUMNS}`;

const REMOVE = `
  delete from balancer.overrides where cluster = $1::text and name = $2::text returning ${COLUMNS}`;

/** The table of operators' overrides in the database. */
export class OverrideTable {
  readonly #query: Sql["query"];

  constructor(query: Sql["query"]) {
    this.#query = query;
  }

  /** Reads the overrides that have not expired. */
  async read(): Promise<Override[]> {
    return (await this.#query<OverrideRow>(READ)).map(toOverride);
  }

  /** Sets an override for `forS` seconds, in place of one with the same name. */
  async set(
    cluster: string,
    name: string,
    by: string,
    { state, forS }: { state: ForcedState; forS: number },
  ): Promise<Override> {
    const [row] = await this.#query<OverrideRow>(SET, [cluster, name, state, by, forS]);
    return toOverride(row!);
  }

  /** Removes an override. Returns it if it was still in force. */
  async remove(cluster: string, name: string): Promise<Override | undefined> {
    const [row] = await this.#query<OverrideRow>(REMOVE, [cluster, name]);
    return row && row.left_ms > 0 ? toOverride(row) : undefined;
  }
}

function toOverride({ cluster, name, state, author, since, expires_at, left_ms }: OverrideRow): Override {
  const times = { since: isoTime(since), expiresAt: isoTime(expires_at) };
  return { cluster, name, state, by: author, ...times, leftMs: left_ms };
}
