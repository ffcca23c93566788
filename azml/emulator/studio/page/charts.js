// Requests a minute and latency, a row of two charts for each deployment. All rows share their scales.

import { drawn, element, make, paint, whenChanged } from "./dom.js";

const WIDTH = 300;
const HEIGHT = 64;
const LEAST = 3; // of failed requests, so that one among a thousand is seen

export function show(names, told) {
  whenChanged("charts", [names, told], () => draw(names, told));
}

function draw(names, told) {
  const begin = told.last - (told.minutes - 1) * 60;
  const series = names.map((name) => ({ name, found: told.deployments[name] ?? [] }));
  const all = series.flatMap((one) => one.found);
  const scale = {
    begin,
    minutes: told.minutes,
    requests: round(Math.max(1, ...all.map((minute) => minute.requests))),
    latency: round(Math.max(1, ...all.map((minute) => minute.p95))),
  };
  element("charts").replaceChildren(...series.map((one, place) => row(one.name, one.found, scale, place)));
  element("numbers").replaceChildren(...series.flatMap((one) => one.found.map((minute) => line(one.name, minute))).reverse());
}

function row(name, found, scale, place) {
  const total = found.reduce((sum, minute) => sum + minute.requests, 0);
  const failed = found.reduce((sum, minute) => sum + minute.failures, 0);
  const latest = found.at(-1);
  const p50 = latest ? milliseconds(latest.p50) : "none";
  const p95 = latest ? milliseconds(latest.p95) : "none";
  const requests = `${name}: ${count(total, "request")} in ${scale.minutes} minutes, ${failed} failed`;
  const latency = `${name}: latency of its latest minute, median ${p50}, 95th percentile ${p95}`;
  return paint(
    make(
      "section",
      { class: "chart-row", "aria-label": name },
      make("h3", { class: "slot" }, name),
      chart("Requests a minute", failed ? `${total} in all, ${failed} failed` : `${total} in all`, requests, bars(found, scale), `0 to ${scale.requests}`),
      chart("Latency, p50 and p95", latest ? `${p50} · ${p95}` : "none yet", latency, lines(found, scale), `0 to ${scale.latency} ms`),
    ),
    name,
    place,
  );
}

function chart(title, value, words, marks, range) {
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, ...marks);
  return make("div", { class: "chart" }, make("p", {}, title, make("b", {}, value)), svg, make("p", {}, range, make("span", {}, "now")));
}

const step = (scale) => WIDTH / scale.minutes;
const place = (minute, scale) => ((minute.minute - scale.begin) / 60) * step(scale);

function bars(found, scale) {
  return found.flatMap((minute) => {
    const height = (minute.requests / scale.requests) * HEIGHT;
    const failed = minute.failures && Math.max((minute.failures / scale.requests) * HEIGHT, LEAST);
    const bar = (kind, tall) =>
      drawn("rect", { class: kind, x: place(minute, scale) + 1, width: step(scale) - 2, y: HEIGHT - height, height: tall });
    return failed ? [bar("bar", height), bar("failed", Math.min(failed, height))] : [bar("bar", height)];
  });
}

function lines(found, scale) {
  return runs(found).flatMap((run) => {
    const at = (minute, value) => `${place(minute, scale) + step(scale) / 2},${HEIGHT - (value / scale.latency) * HEIGHT}`;
    const upper = run.map((minute) => at(minute, minute.p95));
    const lower = run.map((minute) => at(minute, minute.p50));
    const path = (points) => `M${points.join("L")}${points.length === 1 ? "h0" : ""}`;
    const lone = run.length === 1 ? " lone" : "";
    return [
      drawn("path", { class: "p95", d: `M${[...upper, ...lower.toReversed()].join("L")}Z` }),
      drawn("path", { class: `p95-line${lone}`, d: path(upper) }),
      drawn("path", { class: `p50${lone}`, d: path(lower) }),
    ];
  });
}

// Minutes that follow each other: over a gap no line is drawn.
function runs(found) {
  const split = [];
  for (const minute of found) {
    const last = split.at(-1);
    if (last && last.at(-1).minute + 60 === minute.minute) last.push(minute);
    else split.push([minute]);
  }
  return split;
}

function line(name, minute) {
  const time = new Date(minute.minute * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const cells = [minute.requests, minute.failures, minute.p50.toFixed(1), minute.p95.toFixed(1)];
  return make("tr", {}, make("th", { scope: "row" }, time), make("td", {}, name), ...cells.map((cell) => make("td", { class: "number" }, String(cell))));
}

// The next of 1, 2, 5, 10, 20, 50 ...
function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((limit) => limit >= value - 1e-9);
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const milliseconds = (value) => (value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);
