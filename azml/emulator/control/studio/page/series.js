// The numbers behind the charts, as pure functions. A minute is {minute, requests, failed: {status: count}, p50, p95}.

// The minutes known before, merged with new ones; without those before `begin`.
export function merged(before, now, begin) {
  const byMinute = new Map([...before, ...now].map((one) => [one.minute, one]));
  return [...byMinute.values()].filter((one) => one.minute >= begin).sort((a, b) => a.minute - b.minute);
}

// The minutes per bar, so that no chart has more than 72 bars.
export const width = (minutes) => [1, 5, 20].find((size) => minutes / size <= 72);

// The start times (unix seconds) of the bars from `begin` to `last`.
export function bars(begin, last, size) {
  const found = [];
  for (let at = begin; at <= last; at += size * 60) found.push(at);
  return found;
}

// One sum per bar: `count` of its minutes.
export function sums(minutes, begins, size, count) {
  const found = begins.map(() => 0);
  for (const one of minutes) {
    const at = Math.floor((one.minute - begins[0]) / (size * 60));
    if (at >= 0 && at < found.length) found[at] += count(one);
  }
  return found;
}

// Rows of numbers, each stacked on those before it.
export function stacked(rows) {
  const below = (rows[0] ?? []).map(() => 0);
  return rows.map((row) => row.map((value, at) => (below[at] += value)));
}

// One value per minute from `begin` to `last`, null for minutes without answers.
export function values(minutes, begins, pick) {
  const byMinute = new Map(minutes.map((one) => [one.minute, pick(one)]));
  return begins.map((begin) => byMinute.get(begin) ?? null);
}

// How often each status failed, the most frequent first.
export function failures(minutes) {
  const found = new Map();
  for (const one of minutes) {
    for (const [status, count] of Object.entries(one.failed)) found.set(status, (found.get(status) ?? 0) + count);
  }
  return [...found].sort(([a, many], [b, few]) => few - many || a - b);
}

export const total = (minutes) => minutes.reduce((sum, one) => sum + one.requests, 0);
export const failed = (minutes) => failures(minutes).reduce((sum, [, count]) => sum + count, 0);
