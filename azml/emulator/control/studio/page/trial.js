// The test tab: one request, its answer, its duration and the deployment that answered.

import { call } from "./api.js";
import { curl } from "./curl.js";
import { bytes, element, make, options, paint, picture, whenChanged } from "./dom.js";

const EMPTY = { text: "", type: "application/json", file: null, hint: "" };
const TEXT = /^text\/|[/+](json|xml|x-ndjson|csv)\b/;
const LINE = 60; // characters of an answer that is shown unformatted
const kept = new Map(); // the last request, by endpoint
const samples = new Map(); // by endpoint; null where there is none
let endpoint = null;
let request = EMPTY;
let key = ""; // the bearer token, while it is requested

export function show(view, failed) {
  const other = endpoint?.row.id !== view.row.id;
  if (other && endpoint) kept.set(endpoint.row.id, taken());
  endpoint = view;
  const names = view.deployments.map((one) => one.name);
  whenChanged("targets", [view.row.id, names], () => options(element("target"), ["", ...names], (name) => name || "the endpoint, by its traffic"));
  if (!other) return;
  forgetKey();
  put(kept.get(view.row.id) ?? EMPTY);
  forget();
  if (samples.has(view.row.id)) element("use-sample").hidden = samples.get(view.row.id) === null;
  else fetchSample(view.row.id).catch(failed);
}

async function fetchSample(id) {
  element("use-sample").hidden = true;
  const given = await call("GET", "sample", { query: { id } });
  const sample = given && opened(given);
  samples.set(id, sample);
  if (endpoint.row.id !== id || !sample) return;
  element("use-sample").hidden = false;
  if (!taken().text && !request.file) put(sample);
}

function opened({ file, type, content }) {
  const raw = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const hint = `The endpoint's own sample, ${file}.`;
  if (TEXT.test(type)) return { text: new TextDecoder().decode(raw), type, file: null, hint };
  return { text: "", type, file: new File([raw], file, { type }), hint };
}

const taken = () => ({ ...request, text: element("body").value, type: element("type").value });

function put(next) {
  request = next;
  element("body").value = next.text;
  element("type").value = next.type;
  element("body-hint").textContent = `${next.hint} Sent as it is. Ctrl and Enter send it too.`.trim();
  element("text-field").hidden = next.file !== null;
  element("file-field").hidden = next.file === null;
  element("file-picture").hidden = true;
  if (next.file) {
    element("file-name").textContent = next.file.name;
    element("file-summary").textContent = bytes(next.file.size);
    if (next.file.type.startsWith("image/")) picture(element("file-picture"), next.file).catch(() => null); // not every format can be drawn
  }
  command();
}

async function open(file) {
  const type = file.type || "application/octet-stream";
  if (TEXT.test(type)) put({ ...EMPTY, text: await file.text(), type });
  else put({ ...EMPTY, type, file });
  element("file").value = "";
}

function command() {
  if (!endpoint) return;
  const { text, type, file } = taken();
  element("curl-text").textContent = curl({
    endpoint: endpoint.row.name,
    uri: endpoint.scoring_uri,
    authority: endpoint.authority,
    deployment: element("target").value,
    type,
    text,
    file: file?.name,
    key,
  });
}

async function askKey() {
  if (!element("curl-key").checked) return forgetKey();
  const { id } = endpoint.row;
  const keys = await call("POST", "keys", { query: { id } });
  if (endpoint.row.id !== id || !element("curl-key").checked) return;
  key = keys.primaryKey;
  command();
}

export function forgetKey() {
  key = "";
  element("curl-key").checked = false;
  command();
}

function forget() {
  element("answered").replaceChildren();
  element("answer").hidden = true;
  element("answer-picture").hidden = true;
  element("answer-none").hidden = false;
}

async function send(event) {
  event.preventDefault();
  if (element("send").disabled) return;
  element("send").disabled = true;
  element("answered").replaceChildren("Waiting for the answer …");
  const { id } = endpoint.row;
  const query = { id, deployment: element("target").value };
  const { text, type, file } = taken();
  const outcome = await call("POST", "score", { query, body: file ?? text, type }).then(
    (trial) => () => answered(trial),
    (refused) => () => wrong(refused),
  );
  element("send").disabled = false;
  if (endpoint.row.id === id) outcome(); // else another endpoint is shown meanwhile
}

function wrong(refused) {
  forget();
  element("answered").replaceChildren(make("span", { class: "state bad" }, refused.message));
}

function answered(trial) {
  forget();
  const good = trial.status >= 200 && trial.status < 300;
  const place = endpoint.deployments.findIndex((one) => one.name === trial.deployment);
  const cut = trial.shown > 0 && trial.shown < trial.size;
  element("answered").replaceChildren(
    make("span", { class: `state ${good ? "good" : "bad"}` }, `HTTP ${trial.status}`),
    make("span", {}, `${trial.milliseconds.toFixed(1)} ms`),
    trial.deployment ? paint(make("span", { class: "slot" }, trial.deployment), trial.deployment, place) : "",
    make("span", { class: "hint" }, [trial.content_type, cut ? `the first ${trial.shown} of ${trial.size} bytes` : bytes(trial.size)].filter(Boolean).join(", ")),
  );
  element("answer-none").hidden = true;
  if (trial.image) return image(trial);
  const binary = trial.size > 0 && trial.shown === 0;
  element("answer").textContent = binary ? "(binary, not shown)" : pretty(trial) || "(empty)";
  element("answer").hidden = false;
}

function image(trial) {
  const raw = Uint8Array.from(atob(trial.image), (letter) => letter.charCodeAt(0));
  const canvas = element("answer-picture");
  picture(canvas, new Blob([raw], { type: trial.content_type })).catch(() => {
    element("answer").textContent = "(an image that cannot be read)";
    element("answer").hidden = false;
  });
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
  for (const id of ["body", "type", "target"]) element(id).addEventListener("input", command);
  element("body").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  });
  element("file").addEventListener("change", () => {
    const [file] = element("file").files;
    if (file) open(file).catch(failed);
  });
  element("file-drop").addEventListener("click", () => {
    put(EMPTY);
    element("body").focus();
  });
  element("use-sample").addEventListener("click", () => put(samples.get(endpoint.row.id)));
  element("curl-key").addEventListener("change", () => askKey().catch(failed));
}
