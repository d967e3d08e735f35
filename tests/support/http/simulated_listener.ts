/** Runs a listener on a simulated clock with simulated clients. */
import { textAnswer } from "../../../src/shared/http/answers.ts";
import { statusLine } from "../../../src/shared/http/status.ts";
import { Exchange, type WholeRequest } from "../../../src/shared/http/exchange.ts";
import { textOf } from "../../../src/shared/http/latin1.ts";
import { type Admission, HttpListener } from "../../../src/shared/http/listener.ts";
import { type Measure, Pipeline, type Responder } from "../../../src/shared/http/pipeline.ts";
import type { Patience } from "../../../src/shared/http/places.ts";
import { settle, SimulatedAcceptor, SimulatedClient } from "./simulated_client.ts";
import { SimulatedClock } from "../clock/simulated_clock.ts";

export const PATIENCE: Patience = {
  fresh: 10_000,
  reading: 10_000,
  idle: 60_000,
  answering: Infinity,
  writing: 5000,
  closing: 2000,
};

export interface SimulationOptions {
  readonly connectionsMax?: number;
  readonly admission?: Admission;
  readonly measure?: Measure;
  /** Answers requests, without reading their bodies. Default: `ECHO`. */
  readonly responder?: Responder;
  /** Answers whole requests, bodies included. If undefined, `responder` answers. */
  readonly answer?: (request: WholeRequest) => Promise<string | Uint8Array>;
}

/** Answers each request with its method and target as the body. */
export const ECHO = {
  answer: (bytes: Uint8Array, head: { methodStart: number; targetEnd: number }) =>
    textAnswer(200, textOf(bytes, head.methodStart, head.targetEnd)),
  refuse: ({ status, reason }: { status: number; reason: string }) => textAnswer(status, reason),
};

const bytesAnswer = (body: Uint8Array) => ({
  head: `${statusLine(200)}content-length: ${body.length}\r\n`,
  body,
});

export function simulateListener(options: SimulationOptions = {}) {
  const { connectionsMax = 100, admission, measure, responder = ECHO, answer } = options;
  const clock = new SimulatedClock(1_795_304_533_000);
  const acceptor = new SimulatedAcceptor();
  const events: string[] = [];
  const listener = new HttpListener({
    acceptor,
    connectionsMax,
    patience: PATIENCE,
    clock,
    ...admission ? { admission } : {},
    connect: (conn, host) =>
      answer
        ? new Exchange(conn, host, {
          bodyBytesMax: 100,
          refuse: ECHO.refuse,
          answer: async (request) => {
            const said = await answer(request);
            return typeof said === "string" ? textAnswer(200, said) : bytesAnswer(said);
          },
        })
        : new Pipeline(conn, host, responder, measure),
    events: {
      acceptFailing: (reason) => events.push(`failing: ${reason}`),
      acceptRecovered: (failures) => events.push(`recovered after ${failures}`),
    },
  });
  const pass = async (ms: number) => {
    await clock.pass(ms);
    await settle();
  };
  const connect = async (text = "", client = new SimulatedClient()) => {
    acceptor.connect(client);
    await settle();
    if (text !== "") client.send(text);
    await settle();
    return client;
  };
  return { clock, acceptor, listener, events, pass, connect };
}

export const GET = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

/** Returns the statuses of the answers in a text, in order. */
export const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
