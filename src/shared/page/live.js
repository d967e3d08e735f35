/**
 * Keeps a page up to date: by server-sent events, or by polling where a stream is not possible. Reports when
 * the service is lost. Requests nothing while the page is hidden.
 *
 * @module
 */

const POLL_MS = 2000;
/** The time until a refused stream is tried again. Until then the page polls. */
const STREAM_RETRY_MS = 30_000;
/** The time without news after which the service counts as lost. A stream sends news every second. */
const LOST_MS = 4000;

/**
 * @typedef {object} Following
 * @property {string} whole the address of the status with its history
 * @property {string} brief the address of the status without history
 * @property {string} events the address of the stream, whose events are like `brief`
 * @property {(status: any) => void} onWhole
 * @property {(status: any) => boolean} onBrief returns whether data is missing, so that `whole` has to be
 * loaded again
 * @property {() => Record<string, string>} [headers] for each request; with headers the page polls, since a
 * stream can't send any
 * @property {(status: number) => void} [onDenied] called when the service requires a token, and the token is
 * missing or wrong
 * @property {(isLost: boolean, sinceMs: number) => void} onLink called when the service is lost, and when it
 * is back
 */

/** @param {Following} following */
export function follow({ whole, brief, events, onWhole, onBrief, onLink, headers = () => ({}), onDenied }) {
  /** @type {EventSource | undefined} */
  let source;
  let heardMs = Date.now();
  let isLost = false;
  let isCurrent = false;
  let isPolling = false;
  let streamAfterMs = 0;
  /** The headers of the last request that was denied. They are not sent again. @type {string | undefined} */
  let denied;

  function heard() {
    heardMs = Date.now();
    if (!isLost) return;
    isLost = false;
    onLink(false, heardMs);
  }

  /** @param {string} address */
  async function request(address) {
    const response = await fetch(address, {
      cache: "no-store",
      headers: headers(),
      signal: AbortSignal.timeout(LOST_MS),
    });
    if (onDenied && (response.status === 401 || response.status === 429)) {
      heard();
      denied = JSON.stringify(headers());
      onDenied(response.status);
    }
    if (!response.ok) throw new Error(`${response.status}`);
    return await response.json();
  }

  async function poll() {
    if (isPolling) return;
    isPolling = true;
    try {
      if (isCurrent) isCurrent = !onBrief(await request(brief));
      else {
        onWhole(await request(whole));
        isCurrent = true;
        openStream();
      }
      heard();
    } catch {
      // If the service is lost, `watch` notices that.
    } finally {
      isPolling = false;
    }
  }

  function openStream() {
    if (source || !isCurrent || Date.now() < streamAfterMs || Object.keys(headers()).length > 0) return;
    source = new EventSource(events);
    source.onmessage = ({ data }) => {
      heard();
      if (isCurrent) isCurrent = !onBrief(JSON.parse(data));
    };
    source.onerror = () => {
      // The browser reconnects a stream by itself, unless the service refused it.
      if (source?.readyState !== EventSource.CLOSED) return;
      source = undefined;
      streamAfterMs = Date.now() + STREAM_RETRY_MS;
    };
  }

  function closeStream() {
    source?.close();
    source = undefined;
  }

  function watch() {
    if (document.hidden || denied === JSON.stringify(headers())) return;
    if (denied !== undefined) heardMs = Date.now();
    denied = undefined;
    openStream();
    const silentMs = Date.now() - heardMs;
    if (!isCurrent || silentMs > POLL_MS) poll();
    if (silentMs <= LOST_MS || isLost) return;
    isLost = true;
    // Once the service is back, the whole status is loaded again, and a stream may be opened at once.
    isCurrent = false;
    closeStream();
    streamAfterMs = 0;
    onLink(true, heardMs);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) closeStream();
    isCurrent = false;
    heardMs = Date.now();
    watch();
  });
  setInterval(watch, 1000);
  watch();
}
