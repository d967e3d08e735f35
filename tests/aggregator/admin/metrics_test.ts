import assert from "node:assert/strict";
import { aggregatorMetrics } from "../../../src/aggregator/admin/metrics.ts";
import type { Report } from "../../../src/aggregator/admin/report.ts";
import { renderMetrics } from "../../../src/shared/metrics/exposition.ts";
import { boards, FACTS, REPORT, SAMPLE } from "../../support/http/admin_report.ts";

const USAGE = { cpuSeconds: 1.5, residentBytes: 1e8 };

function linesOf(report: Report | undefined): string[] {
  const { writer, reader } = boards();
  if (report) {
    writer.closed([{ lengthSeconds: 10, timestampSeconds: 1060, sum: 2n ** 64n, max: 5n, min: -5n }]);
    writer.lag(0.02, 1);
    writer.report(report, SAMPLE);
  }
  const moment = { nowMs: 62_000, tickedMs: report ? 61_900 : NaN, reading: reader.now() };
  return renderMetrics(aggregatorMetrics(moment, FACTS, USAGE), "text").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Metric names are a public interface: dashboards and alerts of operators use them. */
const LINES = `sluice_aggregator_build_info{version="0.1.0",deno="2.9.6"} 1
sluice_aggregator_master_tick_age_seconds 0.1
sluice_aggregator_shortest_window_seconds 10
sluice_aggregator_datagrams_received_total{worker="0"} 30
sluice_aggregator_datagrams_received_total{worker="1"} 31
sluice_aggregator_datagrams_dropped_total{socket="0"} 40
sluice_aggregator_datagrams_dropped_total{socket="1"} 43
sluice_aggregator_datagrams_lost_total 2
sluice_aggregator_messages_accepted_total 101
sluice_aggregator_messages_rejected_total{reason="empty"} 10
sluice_aggregator_messages_rejected_total{reason="truncated"} 11
sluice_aggregator_messages_rejected_total{reason="syntax"} 12
sluice_aggregator_messages_rejected_total{reason="missing_field"} 13
sluice_aggregator_messages_rejected_total{reason="not_integer"} 14
sluice_aggregator_messages_rejected_total{reason="out_of_range"} 15
sluice_aggregator_messages_late_total 3
sluice_aggregator_receive_buffer_bytes{socket="0"} 42
sluice_aggregator_receive_buffer_bytes{socket="1"} 45
sluice_aggregator_receive_queue_bytes{socket="0"} 41
sluice_aggregator_receive_queue_bytes{socket="1"} 44
sluice_aggregator_records_written_total 4
sluice_aggregator_records_lost_total 6
sluice_aggregator_records_waiting 5
sluice_aggregator_sink_up 1
sluice_aggregator_checkpoint_up 1
sluice_aggregator_last_record_age_seconds 2
sluice_aggregator_last_checkpoint_age_seconds 1.5
sluice_aggregator_workers_receiving 2
sluice_aggregator_workers_silent 0
sluice_aggregator_spare_workers 1
sluice_aggregator_clock_steps_total{direction="forward"} 8
sluice_aggregator_clock_steps_total{direction="back"} 9
sluice_window_a1_sum{window="10s"} 18446744073709551616
sluice_window_a2_max{window="10s"} 5
sluice_window_a3_min{window="10s"} -5
sluice_window_end_timestamp_seconds{window="10s"} 1060
process_cpu_seconds_total 1.5
process_resident_memory_bytes 100000000
process_open_fds 57
process_max_fds 4096
process_start_time_seconds 1000`.split("\n");

Deno.test({
  name: "admin metrics: every number is exposed under its name",
  permissions: "none",
  fn() {
    const lines = linesOf(REPORT);
    assert.deepEqual(lines.filter((line) => !line.includes("_window_lag_seconds")), LINES);
    assert.ok(lines.includes('sluice_aggregator_window_lag_seconds_bucket{le="0.1"} 1'));
    assert.ok(lines.includes("sluice_aggregator_window_lag_seconds_sum 0.02"));
  },
});

Deno.test({
  name: "admin metrics: unknown numbers are left out",
  permissions: "none",
  fn() {
    assert.deepEqual(linesOf(undefined).map((line) => line.split(/[{ ]/)[0]), [
      "sluice_aggregator_build_info",
      "sluice_aggregator_shortest_window_seconds",
      "process_cpu_seconds_total",
      "process_resident_memory_bytes",
      "process_start_time_seconds",
    ]);
    const unknown = { dropped: NaN, queuedBytes: NaN, bufferBytes: NaN };
    const lines = linesOf({ ...REPORT, sockets: [unknown], recordMs: NaN, sinkFailing: 1 });
    assert.ok(!lines.some((line) => /dropped|queue|buffer|last_record/.test(line)));
    assert.ok(lines.includes("sluice_aggregator_sink_up 0"));
  },
});
