import type { Log } from "../../src/shared/log.ts";

/** An entry of a service's log. */
export interface LogEntry {
  level: string;
  event: string;
  message: string;
  [field: string]: unknown;
}

/** Returns a log that appends its entries to `entries`. */
export function logInto(entries: LogEntry[]): Log {
  const at = (level: string) => (event: string, message: string, fields: Record<string, unknown> = {}) =>
    void entries.push({ level, event, message, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Returns the names of the logged events, in order. */
export function eventsOf(entries: readonly LogEntry[]): string[] {
  return entries.map((entry) => entry.event);
}

/** Returns a log that appends the names of its events to `events`. */
export function eventsInto(events: string[]): Log {
  const note = (event: string) => void events.push(event);
  return { debug: note, info: note, warn: note, error: note };
}
