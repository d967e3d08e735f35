import { duration } from "../shared/flags/duration.ts";
import { integer } from "../shared/flags/flags.ts";
import { path } from "../shared/flags/values.ts";
import { optional } from "./flag_values.ts";

/**
 * The default limit of connections. This many take some 75 MB: at most 4.5 KB each
 * (many_connections_test.ts).
 */
export const CONNECTIONS_DEFAULT_MAX = 16_384;
const CONNECTIONS_MAX = 1_000_000;
const TIMEOUT_MS_MAX = 3_600_000;

/** The flags for viewers' connections, by the property of the configuration that each sets. */
export const connectionFlags = {
  headerTimeoutMs: {
    flag: "header-timeout",
    placeholder: "TIME",
    variable: "BALANCER_HEADER_TIMEOUT",
    default: "10s",
    help: "time for a whole request to arrive, then 408; such as 500ms, 10s or 1m",
    parse: duration(100, TIMEOUT_MS_MAX),
  },
  idleTimeoutMs: {
    flag: "idle-timeout",
    placeholder: "TIME",
    variable: "BALANCER_IDLE_TIMEOUT",
    default: "60s",
    help: "time a connection may stay idle between two requests, or off",
    parse: duration(100, TIMEOUT_MS_MAX, Infinity),
  },
  writeTimeoutMs: {
    flag: "write-timeout",
    placeholder: "TIME",
    variable: "BALANCER_WRITE_TIMEOUT",
    default: "10s",
    help: "time for a client to read its answer",
    parse: duration(100, TIMEOUT_MS_MAX),
  },
  connectionsMax: {
    flag: "connections-max",
    placeholder: "N",
    variable: "BALANCER_CONNECTIONS_MAX",
    default: "",
    defaultShown: "what descriptors allow",
    help: "limit of viewers' connections; at the limit, a new one replaces the longest idle one",
    parse: optional(integer(1, CONNECTIONS_MAX)),
  },
  connectionsPerAddress: {
    flag: "connections-per-address",
    placeholder: "N",
    variable: "BALANCER_CONNECTIONS_PER_ADDRESS",
    default: "off",
    help: "limit of connections from one IPv4 address or IPv6 /64, or off",
    parse: optional(integer(1, CONNECTIONS_MAX), "off"),
  },
  tlsCert: {
    flag: "tls-cert",
    placeholder: "FILE",
    variable: "BALANCER_TLS_CERT",
    default: "",
    defaultShown: "no TLS",
    help: "certificate chain for the viewers' port, in PEM; reloaded at SIGHUP and when it changes",
    parse: path,
  },
  tlsKey: {
    flag: "tls-key",
    placeholder: "FILE",
    variable: "BALANCER_TLS_KEY",
    default: "",
    defaultShown: "no TLS",
    help: "private key of that certificate, in PEM",
    parse: path,
  },
  drainDelayMs: {
    flag: "drain-delay",
    placeholder: "TIME",
    variable: "BALANCER_DRAIN_DELAY",
    default: "0s",
    help: "time that /readyz says 503 after the stop signal, before the service stops",
    parse: duration(0, TIMEOUT_MS_MAX),
  },
};
