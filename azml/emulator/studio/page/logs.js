// The log of a deployment, as it grows.

import { call } from "./api.js";
import { element, whenChanged } from "./dom.js";
import { options } from "./trial.js";

let endpoint = null;
let written = { of: "", text: "" };

export function show(told) {
  endpoint = told;
  const names = told.deployments.map((one) => one.name);
  whenChanged("log-names", [told.row.id, names], () => options(element("log-deployment"), names));
}

export async function refresh() {
  const deployment = endpoint?.deployments.find((one) => one.name === element("log-deployment").value);
  const container = element("log-container").value;
  if (!deployment || (!element("follow").checked && written.of === `${deployment.id} ${container}`)) return;
  const { content } = await call("GET", "logs", { query: { id: deployment.id, container } });
  write(`${deployment.id} ${container}`, content);
}

function write(of, text) {
  const log = element("log");
  const down = log.scrollHeight - log.scrollTop - log.clientHeight < 40 || written.of !== of;
  const more = written.of === of ? added(written.text, text) : null;
  if (more === null) log.replaceChildren(text);
  else if (more) log.append(more); // only what is new, so that only this is read out
  written = { of, text };
  element("log-empty").hidden = text !== "";
  if (down && more !== "") log.scrollTop = log.scrollHeight;
}

// What `now` has after `before`, where both are the end of one growing log; null where they do not meet.
export function added(before, now) {
  if (now.startsWith(before)) return now.slice(before.length);
  for (let from = before.indexOf("\n"); from >= 0; from = before.indexOf("\n", from + 1)) {
    const rest = before.slice(from + 1);
    if (rest && now.startsWith(rest)) return now.slice(rest.length);
  }
  return null;
}

export function begin(failed) {
  for (const id of ["log-deployment", "log-container", "follow"]) {
    element(id).addEventListener("change", () => refresh().catch(failed));
  }
}
