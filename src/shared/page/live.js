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
 * @property {() => Record<string, string>} [headers] what to send with each question; with any there is no stream, which takes none
 * @property {(status: number) => void} [onDenied] told when the service wants a token, and gets none or a wrong one
 * @property {(isLost: boolean, sinceMs: number) => void} onLink told when the service is lost, and when it is back
 */

/** @param {Following} following */
export function follow({ whole, brief, events, onWhole, onBrief, onLink, headers = () => ({}), onDenied }) {
  /** @type {EventSource | undefined} */
  let source;
  let heardMs = Date.now();
  let isLost = false;
  let isCurrent = false;
  let isAsking = false;
  let streamAfterMs = 0;
  /** What was sent when the service denied an answer: the same is not sent again. @type {string | undefined} */
  let denied;

  function heard() {
    heardMs = Date.now();
    if (!isLost) return;
    isLost = false;
    onLink(false, heardMs);
  }

  /** @param {string} address */
  async function ask(address) {
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
    if (isAsking) return;
    isAsking = true;
    try {
      if (isCurrent) isCurrent = !onBrief(await ask(brief));
      else {
        onWhole(await ask(whole));
        isCurrent = true;
        openStream();
      }
      heard();
    } catch {
      // The watch below says that the service is lost.
    } finally {
      isAsking = false;
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
    if (document.hidden || denied === JSON.stringify(headers())) return;
    if (denied !== undefined) heardMs = Date.now();
    denied = undefined;
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
