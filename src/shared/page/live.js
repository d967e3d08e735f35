/**
 * Keeps a page up to date: by server-sent events, by asking again and again where those can't be had, and it says when
 * the service is lost. Nothing is asked for while nobody looks.
 *
 * @module
 */

const POLL_MS = 2000;
/** A refused stream is tried again after so long; meanwhile the page asks. */
const STREAM_RETRY_MS = 30_000;
/** Without news for so long the service is lost: it tells something every second. */
const LOST_MS = 4000;

/**
 * @typedef {object} Following
 * @property {string} whole the address of all there is to know
 * @property {string} brief that of what changes
 * @property {string} events that of the stream, whose events are as `brief`
 * @property {(status: any) => void} onWhole
 * @property {(status: any) => boolean} onBrief returns whether it lacks something, so that all is to be asked for anew
 * @property {(isLost: boolean, sinceMs: number) => void} onLink told when the service is lost, and when it is back
 */

/** @param {Following} following */
export function follow({ whole, brief, events, onWhole, onBrief, onLink }) {
  /** @type {EventSource | undefined} */
  let source;
  let heardMs = Date.now();
  let isLost = false;
  let isCurrent = false;
  let isAsking = false;
  let streamAfterMs = 0;

  function heard() {
    heardMs = Date.now();
    if (!isLost) return;
    isLost = false;
    onLink(false, heardMs);
  }

  /** @param {string} address */
  async function ask(address) {
    const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(LOST_MS) });
    if (!response.ok) throw new Error(`${response.status}`);
    return await response.json();
  }

  async function poll() {
    if (isAsking) return;
    isAsking = true;
    try {
      if (isCurrent) isCurrent = !onBrief(await ask(brief));
      else {
        onWhole(await ask(whole));
        isCurrent = true;
      }
      heard();
    } catch {
      // The watch below says that the service is lost.
    } finally {
      isAsking = false;
    }
  }

  function openStream() {
    if (source || Date.now() < streamAfterMs) return;
    source = new EventSource(events);
    source.onmessage = ({ data }) => {
      heard();
      if (isCurrent) isCurrent = !onBrief(JSON.parse(data));
    };
    source.onerror = () => {
      // It opens itself anew, unless the service refused it.
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
    if (document.hidden) return;
    openStream();
    const silentMs = Date.now() - heardMs;
    if (!isCurrent || silentMs > POLL_MS) poll();
    if (silentMs <= LOST_MS || isLost) return;
    isLost = true;
    // What happened meanwhile is asked for when it is back; a stream opened then begins at once.
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
