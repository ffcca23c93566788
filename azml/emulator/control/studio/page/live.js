// One stream of server-sent events, by fetch: an EventSource cannot send the page's token. When the stream ends
// or falls silent, it is reopened, after longer pauses each time; every stream begins with the full state.

import { opened } from "./api.js";

const SILENCE = 12_000; // milliseconds: the server sends something every five seconds
const PAUSES = [300, 1000, 2000, 5000];

let current = null;

// Listens to what `query` asks for, and stops listening to anything else. `on.event(name, data)` gets the events,
// `on.lost(reason)` gets the error.
export function listen(query, on) {
  stop();
  const listening = new AbortController();
  current = listening;
  follow(query, on, listening.signal);
}

export function stop() {
  current?.abort();
  current = null;
}

async function follow(query, on, signal) {
  for (let failures = 0; !signal.aborted; failures += 1) {
    const attempt = new AbortController();
    const end = () => attempt.abort();
    signal.addEventListener("abort", end);
    const reason = await once(query, (name, data) => {
      failures = 0;
      if (!signal.aborted) on.event(name, data);
    }, attempt).then(() => null, (failure) => failure);
    signal.removeEventListener("abort", end);
    if (signal.aborted) return;
    if (reason) on.lost(reason);
    if (reason?.status >= 400 && reason.status < 500 && reason.status !== 429) return;
    await new Promise((go) => setTimeout(go, PAUSES[Math.min(failures, PAUSES.length - 1)]));
  }
}

async function once(query, event, attempt) {
  let watch = setTimeout(() => attempt.abort(), SILENCE);
  try {
    const answer = await opened("GET", "live", { query, signal: attempt.signal });
    const read = parser(event);
    for await (const text of chunks(answer.body.pipeThrough(new TextDecoderStream()))) {
      clearTimeout(watch);
      watch = setTimeout(() => attempt.abort(), SILENCE);
      read(text);
    }
  } finally {
    clearTimeout(watch);
  }
}

async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

// Takes the text of a stream in pieces of any size, and calls `event` for each complete event.
export function parser(event) {
  let rest = "";
  return (text) => {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.event) event(fields.event, JSON.parse(fields.data));
    }
  };
}
