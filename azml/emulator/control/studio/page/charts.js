// Requests, latency and failures of an endpoint's deployments over a time range, drawn by uPlot.

import { colour, count, element, make, milliseconds, paint, whenChanged } from "./dom.js";
import * as series from "./series.js";

const HEIGHT = 180;
const TALL = 220;
const WIDE = 700; // from this width on, a chart is tall
const TABLE_ROWS = 200;
const INK = { 424: "--bad", 429: "--slot-4", 408: "--slot-3", 503: "--slot-5", 502: "--slot-6" };
const MEANS = {
  400: "the scoring script refused the request",
  404: "no such path",
  408: "took longer than the request timeout",
  413: "the body was too large",
  424: "the scoring script failed",
  429: "too many requests at once",
  500: "the server failed",
  502: "the deployment closed the connection",
  503: "no instance was ready",
};
let of = "";
let known = {};
let names = [];
let metrics = null;
let plots = [];

export const range = () => Number(element("range").value);

// `now` has the minutes that changed since the last call; the first call for an endpoint or range has them all.
export function show(id, deployments, now) {
  const key = `${id} ${now.minutes}`;
  if (of !== key) known = {};
  of = key;
  names = deployments;
  metrics = now;
  known = Object.fromEntries(names.map((name) => [name, series.merged(known[name] ?? [], now.deployments[name] ?? [], now.begin)]));
  refresh();
}

function refresh() {
  if (!metrics || element("details").hidden) return; // a hidden chart has no size to draw in
  whenChanged("charts", [of, metrics.last, known, names], () => {
    legend();
    draw();
    numbers();
  });
}

function legend() {
  element("legend").replaceChildren(...names.map((name, place) => {
    const minutes = known[name];
    const failed = series.failures(minutes).map(([status, many]) => `${status} × ${many}`).join(", ");
    const latest = minutes.at(-1);
    return make(
      "li",
      {},
      paint(make("b", { class: "slot" }, name), name, place),
      make("span", {}, count(series.total(minutes), "request")),
      failed ? make("span", { class: "wrong" }, `${series.failed(minutes)} failed (${failed})`) : null,
      latest ? make("span", { class: "hint" }, `latest p50 ${milliseconds(latest.p50)}, p95 ${milliseconds(latest.p95)}`) : null,
    );
  }));
}

function draw() {
  const wanted = [requests(), latency(), failures()].filter((one) => one !== null);
  const shape = wanted.map((one) => [one.title, one.lines.map((line) => [line.label, line.colour])]);
  const same = plots.length && JSON.stringify(shape) === JSON.stringify(plots.map((plot) => plot.shape));
  if (!same) {
    plots.forEach((plot) => plot.chart.destroy());
    plots = wanted.map((one, at) => build(one, shape[at]));
    element("charts").replaceChildren(...plots.map((plot) => plot.figure));
    plots.forEach((plot) => plot.fit());
  }
  wanted.forEach((one, at) => plots[at].update(one));
}

function steps() {
  const size = series.width(metrics.minutes);
  const begin = metrics.begin - (metrics.begin % (size * 60));
  return { size, begins: series.bars(begin, metrics.last, size), end: metrics.last + size * 60 };
}

const every = (size) => (size === 1 ? "a minute" : `in ${size} minutes`);

function requests() {
  const { size, begins, end } = steps();
  const rows = names.map((name) => series.sums(known[name], begins, size, (one) => one.requests));
  const lines = names.map((name, place) => ({ label: name, colour: colour(name, place) }));
  const said = names.map((name) => `${name} ${series.total(known[name])}`).join(", ");
  return { title: `Requests ${every(size)}`, words: `Requests, last ${metrics.minutes} minutes: ${said}`, kind: "bars", begins, end, size, rows, lines, unit: String };
}

function latency() {
  const begins = series.bars(metrics.begin, metrics.last, 1);
  const picked = names.flatMap((name) => [series.values(known[name], begins, (one) => one.p50), series.values(known[name], begins, (one) => one.p95)]);
  const lines = names.flatMap((name, place) => [
    { label: `${name} p50`, colour: colour(name, place) },
    { label: `${name} p95`, colour: colour(name, place), dashed: true },
  ]);
  const latest = names.filter((name) => known[name].length).map((name) => `${name} median ${milliseconds(known[name].at(-1).p50)}, 95th percentile ${milliseconds(known[name].at(-1).p95)}`);
  return { title: "Latency, p50 and p95 (dashed)", words: `Latency of the latest minute: ${latest.join("; ") || "none"}`, kind: "lines", begins, end: metrics.last + 60, size: 1, rows: picked, lines, unit: milliseconds };
}

function failures() {
  const all = names.flatMap((name) => known[name]);
  const found = series.failures(all);
  if (!found.length) return null;
  const { size, begins, end } = steps();
  const rows = found.map(([status]) => series.sums(all, begins, size, (one) => one.failed[status] ?? 0));
  const lines = found.map(([status]) => ({ label: status, colour: INK[status] ?? "--soft" }));
  const legend = found.map(([status, many]) => `${status}: ${count(many, "time")}${MEANS[status] ? `, ${MEANS[status]}` : ""}`);
  return { title: `Failed requests ${every(size)}, by status`, words: `Failed requests: ${legend.join("; ")}`, kind: "bars", begins, end, size, rows, lines, unit: String, legend };
}

// A figure with a chart whose lines can be given new numbers.
function build(first, shape) {
  let now = first;
  const tip = make("div", { class: "tip", hidden: true });
  const canvas = make("div", { class: "canvas", role: "img" });
  const key = make("ul", { class: "key" });
  const figure = make("figure", {}, make("figcaption", {}, first.title), canvas, key);
  const chart = new uPlot(settings(first, () => now, tip), data(first), canvas);
  chart.over.append(tip);
  return {
    shape,
    figure,
    chart,
    fit: () => canvas.clientWidth && chart.setSize({ width: canvas.clientWidth, height: canvas.clientWidth < WIDE ? HEIGHT : TALL }),
    update: (next) => {
      now = next;
      canvas.setAttribute("aria-label", next.words);
      key.replaceChildren(...(next.legend ?? []).map((text, place) => mark(text, next.lines[place].colour)));
      chart.setData(data(next));
    },
  };
}

function mark(text, name) {
  const node = make("li", { class: "slot" }, text);
  node.style.setProperty("--slot", `var(${name})`);
  return node;
}

// uPlot draws the last row on top; of stacked rows that must be the lowest.
const data = (one) => [one.begins, ...(one.kind === "bars" ? series.stacked(one.rows).reverse() : one.rows)];

function settings(one, current, tip) {
  const style = getComputedStyle(document.documentElement);
  const ink = (name) => style.getPropertyValue(name).trim();
  const ordered = one.kind === "bars" ? one.lines.toReversed() : one.lines;
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: ink("--soft"), font, grid: { stroke: ink("--line"), width: 1 }, ticks: { show: false } };
  return {
    width: 600,
    height: HEIGHT,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: one.kind === "lines" } },
    scales: {
      x: { time: true, range: () => [current().begins[0], current().end] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.12 : 1] },
    },
    axes: [
      { ...axis, size: 30, space: 64, values: (_, found) => found.map((at) => clock(at)) },
      { ...axis, size: 52, space: 34, values: (_, found) => found.map((value) => (one.kind === "lines" ? `${value} ms` : String(value))), incrs: one.kind === "bars" ? WHOLE : undefined },
    ],
    series: [{}, ...ordered.map((line) => drawnAs(one, line, ink(line.colour), ink("--card")))],
    hooks: { setCursor: [(chart) => hover(chart, current(), tip)] },
  };
}

const WHOLE = [1, 2, 5].flatMap((first) => [...Array(9).keys()].map((power) => first * 10 ** power)).sort((a, b) => a - b);

function drawnAs(one, line, ink, card) {
  if (one.kind === "bars") return { fill: ink, width: 0, paths: uPlot.paths.bars({ size: [0.82, 28], align: 1 }), points: { show: false } };
  const lone = (chart, at) => {
    const values = chart.data[at];
    return values.flatMap((value, i) => (value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? [i] : []));
  };
  return { stroke: ink, width: line.dashed ? 1.5 : 2, dash: line.dashed ? [5, 4] : undefined, points: { show: true, size: 6, fill: line.dashed ? card : ink, filter: lone } };
}

// The numbers under the mouse pointer.
function hover(chart, one, tip) {
  const at = chart.cursor.idx;
  const found = at === null || at === undefined ? [] : one.lines.map((line, place) => ({ ...line, value: one.rows[place][at] })).filter((line) => line.value);
  tip.hidden = chart.cursor.left < 0 || at === null || at === undefined;
  if (tip.hidden) return;
  const time = one.size === 1 ? clock(one.begins[at]) : `${clock(one.begins[at])} to ${clock(one.begins[at] + one.size * 60)}`;
  tip.replaceChildren(make("b", {}, time), ...(found.length ? found.map((line) => mark(`${line.label}: ${one.unit(line.value)}`, line.colour)) : ["none"]));
  const right = chart.cursor.left > chart.over.clientWidth / 2;
  tip.style.left = right ? "auto" : `${chart.cursor.left + 12}px`;
  tip.style.right = right ? `${chart.over.clientWidth - chart.cursor.left + 12}px` : "auto";
}

const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

function numbers() {
  if (!document.querySelector(".numbers").open) return;
  const rows = names.flatMap((name) => known[name].map((minute) => ({ name, ...minute })));
  rows.sort((a, b) => b.minute - a.minute);
  element("numbers").replaceChildren(...rows.slice(0, TABLE_ROWS).map(line));
}

function line(one) {
  const failed = series.failures([one]).map(([status, many]) => `${status} × ${many}`).join(", ");
  const cells = [String(one.requests), failed || "0", one.p50.toFixed(1), one.p95.toFixed(1)];
  return make("tr", {}, make("th", { scope: "row" }, clock(one.minute)), make("td", {}, one.name), ...cells.map((cell) => make("td", { class: "number" }, cell)));
}

function again() {
  plots.forEach((plot) => plot.chart.destroy());
  plots = [];
  if (metrics) draw();
}

export function begin(_, change) {
  element("range").addEventListener("change", change);
  document.querySelector(".numbers").addEventListener("toggle", numbers);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new ResizeObserver(() => {
    refresh();
    plots.forEach((plot) => plot.fit());
  }).observe(element("charts"));
}
