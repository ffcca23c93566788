// The test tab: one request, its answer, the time it took and who answered.

import { call } from "./api.js";
import { element, make, paint, whenChanged } from "./dom.js";

const kept = new Map(); // what was last sent, by endpoint
let endpoint = null;
const LINE = 60; // characters of an answer that is shown as it came

export function show(told) {
  if (endpoint?.row.id !== told.row.id) {
    if (endpoint) kept.set(endpoint.row.id, element("body").value);
    element("body").value = kept.get(told.row.id) ?? "";
    forget();
  }
  endpoint = told;
  const names = told.deployments.map((one) => one.name);
  whenChanged("targets", [told.row.id, names], () => options(element("target"), ["", ...names], (name) => name || "the endpoint, by its traffic"));
}

export function options(select, values, words = (value) => value) {
  const before = select.value;
  select.replaceChildren(...values.map((value) => make("option", { value }, words(value))));
  if (values.includes(before)) select.value = before;
}

function forget() {
  element("answered").replaceChildren();
  element("answer").hidden = true;
  element("answer-none").hidden = false;
}

async function send(event) {
  event.preventDefault();
  if (element("send").disabled) return;
  element("send").disabled = true;
  element("answered").replaceChildren("Waiting for the answer …");
  const { id } = endpoint.row;
  const query = { id, deployment: element("target").value };
  const outcome = await call("POST", "score", { query, body: element("body").value }).then(
    (trial) => () => answered(trial),
    (refused) => () => wrong(refused),
  );
  element("send").disabled = false;
  if (endpoint.row.id === id) outcome(); // else another endpoint is shown by now
}

function wrong(refused) {
  forget();
  element("answered").replaceChildren(make("span", { class: "state bad" }, refused.message));
}

function answered(trial) {
  const good = trial.status >= 200 && trial.status < 300;
  const place = endpoint.deployments.findIndex((one) => one.name === trial.deployment);
  element("answered").replaceChildren(
    make("span", { class: `state ${good ? "good" : "bad"}` }, `HTTP ${trial.status}`),
    make("span", {}, `${trial.milliseconds.toFixed(1)} ms`),
    trial.deployment ? paint(make("span", { class: "slot" }, trial.deployment), trial.deployment, place) : "",
    trial.shown < trial.size ? make("span", {}, `the first ${trial.shown} of ${trial.size} bytes`) : "",
  );
  element("answer").textContent = pretty(trial) || "(empty)";
  element("answer").hidden = false;
  element("answer-none").hidden = true;
}

function pretty(trial) {
  if (!trial.content_type.includes("json") || trial.text.length < LINE) return trial.text;
  try {
    return JSON.stringify(JSON.parse(trial.text), null, 2);
  } catch {
    return trial.text;
  }
}

export function begin(failed) {
  element("test-form").addEventListener("submit", send);
  element("body").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  });
  element("file").addEventListener("change", () => {
    const [file] = element("file").files;
    if (!file) return;
    file.text().then((text) => {
      element("body").value = text;
      element("file").value = "";
    }, failed);
  });
}
