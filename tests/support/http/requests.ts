/** Requests as they go over the wire, read by the parts that read them, without a socket. */
import assert from "node:assert/strict";
import type { Answer } from "../../../src/shared/http/answers.ts";
import { Head, readHead, WHOLE } from "../../../src/shared/http/head.ts";
import type { Responder } from "../../../src/shared/http/pipeline.ts";

/** An answer taken apart. */
export interface Parted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Text as bytes, each character one of Latin-1. */
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

/** What it answers to this request; what is refused as no head of HTTP, too. */
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
