import type { Log } from "../../src/shared/log.ts";

export interface LogEntry {
  level: string;
  event: string;
  message: string;
  [field: string]: unknown;
}

/** A log that keeps what it is told in `entries`. */
export function logInto(entries: LogEntry[]): Log {
  const at = (level: string) => (event: string, message: string, fields: Record<string, unknown> = {}) =>
    void entries.push({ level, event, message, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The names of the events logged, in order. */
export function eventsOf(entries: readonly LogEntry[]): string[] {
  return entries.map((entry) => entry.event);
}

/** A log that keeps the names of its events. */
export function eventsInto(events: string[]): Log {
  const note = (event: string) => void events.push(event);
  return { debug: note, info: note, warn: note, error: note };
}
