import type { Family, Value } from "./exposition.ts";

/** Resources that a process uses. Null: unknown. */
export interface ProcessReadings {
  readonly cpuSeconds: Value;
  readonly residentBytes: Value;
  readonly openDescriptors: Value;
  readonly maxDescriptors: Value;
  /** Start of the process, in seconds of Unix time. */
  readonly startSeconds: Value;
}

/** Returns the metrics of any process, with the names that the client libraries of Prometheus give them. */
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
      help: "Memory of the process in RAM",
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
      help: "Highest number of open file descriptors that the system allows",
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

/** Returns `PREFIX_build_info{version,deno}`, which is always 1: its labels are what matters. */
export function buildInfo(prefix: string, version: string, deno: string): Family {
  return {
    name: `${prefix}_build_info`,
    type: "info",
    help: "Versions of the service and of Deno",
    samples: [{ labels: { version, deno }, value: 1 }],
  };
}
