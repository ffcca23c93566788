// The log of a deployment as it grows: its summary, the search results, and the full text.

import { count, element, make, options, whenChanged } from "./dom.js";
import { lead } from "./lead.js";

const MOST = 1 << 20; // characters that are kept of a log that grows
let endpoint = null;
let of = "";
let text = "";
let waiting = ""; // text that arrived while the log is not followed

export function show(view, wanted) {
  endpoint = view;
  const names = view.deployments.map((one) => one.name);
  whenChanged("log-names", [view.row.id, names, wanted], () => {
    options(element("log-deployment"), names);
    if (names.includes(wanted)) element("log-deployment").value = wanted;
  });
}

// What to request from the stream: {log, container}; empty without a deployment.
export function query() {
  const deployment = endpoint?.deployments.find((one) => one.name === element("log-deployment").value);
  return deployment ? { log: deployment.id, container: element("log-container").value } : {};
}

export function take(view, asked) {
  const key = `${asked.log} ${asked.container}`;
  const other = of !== key;
  of = key;
  say(view.lead);
  if (element("follow").checked || other) grow(view.text, view.whole, other);
  else waiting = view.whole ? view.text : waiting + view.text;
}

// `whole` replaces the current text.
function grow(more, whole, fresh = false) {
  const log = element("log");
  const down = log.scrollHeight - log.scrollTop - log.clientHeight < 40 || fresh;
  waiting = "";
  if (whole && !fresh && more.startsWith(text)) return grow(more.slice(text.length), false); // the stream was reopened
  text = (whole ? more : text + more).slice(-MOST);
  if (whole || sought()) draw();
  else if (more) log.append(more); // only new text, so that screen readers announce only that
  element("log-empty").hidden = text !== "";
  if (down) log.scrollTop = log.scrollHeight;
}

const sought = () => element("log-search").value.trim().toLowerCase();

function draw() {
  const word = sought();
  if (!word) {
    element("log").replaceChildren(text);
    element("log-found").textContent = "";
    return;
  }
  const lines = text.split("\n").filter((line) => line.toLowerCase().includes(word));
  element("log").replaceChildren(...lines.flatMap((line) => marked(line, word)));
  element("log-found").textContent = lines.length ? `${count(lines.length, "line")} with “${word}”` : `No line has “${word}”`;
}

function marked(line, word) {
  const parts = [];
  let from = 0;
  for (let at = line.toLowerCase().indexOf(word); at >= 0; at = line.toLowerCase().indexOf(word, from)) {
    parts.push(line.slice(from, at), make("mark", {}, line.slice(at, at + word.length)));
    from = at + word.length;
  }
  return [...parts, `${line.slice(from)}\n`];
}

function say(own) {
  whenChanged("log-lead", [of, own], () => element("log-lead").replaceChildren(...(own ? [lead(own)] : [])));
}

export function begin(_, change) {
  for (const id of ["log-deployment", "log-container"]) element(id).addEventListener("change", change);
  element("log-search").addEventListener("input", draw);
  element("follow").addEventListener("change", () => element("follow").checked && waiting && grow(waiting, waiting.startsWith(text)));
}
