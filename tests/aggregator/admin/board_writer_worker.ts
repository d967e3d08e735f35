/**
 * Writes reports as fast as it can. In each report several fields hold the same number, so that a mix shows.
 */
import { type BoardMemory, BoardWriter } from "../../../src/aggregator/admin/board.ts";
import { REPORT, SAMPLE } from "../../support/http/admin_report.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<BoardMemory>) => void;
  postMessage(message: string): void;
};

scope.onmessage = ({ data }) => {
  const writer = new BoardWriter(data);
  scope.postMessage("writing");
  for (let n = 0;; n++) {
    const sockets = REPORT.sockets.map(() => ({ dropped: n, queuedBytes: n, bufferBytes: n }));
    writer.report({ ...REPORT, accepted: n, lost: n, sockets }, SAMPLE);
    // A real master writes once a second. A pause after every tenth report gives the reader a chance.
    if (n % 10 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
};
