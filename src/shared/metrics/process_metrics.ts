import type { Family, Value } from "./exposition.ts";

/** What a process takes of its machine. Null: not known. */
export interface ProcessReadings {
  readonly cpuSeconds: Value;
  readonly residentBytes: Value;
  readonly openDescriptors: Value;
  readonly maxDescriptors: Value;
  /** When it was started, in seconds of Unix time. */
  readonly startSeconds: Value;
}

/** The metrics that every program has, by the names that every client library gives them. */
export function processMetrics(readings: ProcessReadings): Family[] {
  const { cpuSeconds, residentBytes, openDescriptors, maxDescriptors, startSeconds } = readings;
  return [
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "Processor time in user and kernel mode",
      samples: [{ value: cpuSeconds }],
    },
    {
      name: "process_resident_memory_bytes",
      type: "gauge",
      help: "Memory that is in RAM",
      samples: [{ value: residentBytes }],
    },
    {
      name: "process_open_fds",
      type: "gauge",
      help: "Open file descriptors",
      samples: [{ value: openDescriptors }],
    },
    {
      name: "process_max_fds",
      type: "gauge",
      help: "File descriptors that may be open",
      samples: [{ value: maxDescriptors }],
    },
    {
      name: "process_start_time_seconds",
      type: "gauge",
      help: "Start of the process in Unix time",
      samples: [{ value: startSeconds }],
    },
  ];
}

/** What runs: `sluice_…_build_info{version,deno}`, always 1. */
export function buildInfo(prefix: string, version: string, deno: string): Family {
  return {
    name: `${prefix}_build_info`,
    type: "info",
    help: "Versions of the service and of Deno",
    samples: [{ labels: { version, deno }, value: 1 }],
  };
}
