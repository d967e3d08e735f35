/** Sends requests, as bytes, through the parser and a responder without a socket. */
import assert from "node:assert/strict";
import type { Answer } from "../../../src/shared/http/answers.ts";
import { Head, readHead, WHOLE } from "../../../src/shared/http/head.ts";
import type { Responder } from "../../../src/shared/http/pipeline.ts";

/** An answer, split into its parts. */
export interface Parted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Encodes a text as Latin-1: one byte per character. */
export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

export function parted(answer: Answer): Parted {
  const { head, body } = typeof answer === "string" ? { head: answer, body: "" } : answer;
  const [line = "", ...fields] = head.split("\r\n").slice(0, -1);
  const [, status = ""] = /^HTTP\/1\.1 (\d{3}) [A-Za-z -]*$/.exec(line) ?? [];
  const headers = new Headers();
  for (const field of fields) {
    assert.match(field, /^[a-z-]+: [ -~]*$/);
    headers.append(field.slice(0, field.indexOf(":")), field.slice(field.indexOf(":") + 2));
  }
  return { status: Number(status), headers, body };
}

/**
 * Returns the responder's answer to a request; if the parser refuses the head, the answer to that refusal.
 */
export function ask(
  responder: Responder,
  method: string,
  target: string,
  fields: readonly string[] = ["Host: balancer.example"],
): Parted {
  const bytes = latin1(
    `${method} ${target} HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`,
  );
  const head = new Head();
  const reading = readHead(bytes, 0, bytes.length, head);
  return parted(reading === WHOLE ? responder.answer(bytes, head) : responder.refuse(head.refusal!));
}
