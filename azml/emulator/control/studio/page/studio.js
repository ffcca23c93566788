// The page: the sign-in, the view that the address names, and the stream with its data.

import { signIn, signOut, wasHere } from "./api.js";
import * as charts from "./charts.js";
import * as details from "./details.js";
import { element, say } from "./dom.js";
import { listen, stop } from "./live.js";
import * as logs from "./logs.js";
import * as overview from "./overview.js";
import * as rollout from "./rollout.js";
import * as traffic from "./traffic.js";
import * as trial from "./trial.js";

const TABS = ["details", "test", "logs"];
let rows = []; // of the overview; the page of one endpoint needs its id
let known = false; // whether the rows have arrived
let asked = ""; // the last query of the stream
let shown = null; // the endpoint on the page

// The place in the address: #/ for all endpoints, #/workspace/endpoint/tab for one, with a deployment after logs.
const placeOf = (row, ...rest) => `#/${[row.workspace, row.name, ...rest].map(encodeURIComponent).join("/")}`;

function place() {
  const [workspace, name, tab, deployment] = location.hash.replace(/^#\//, "").split("/").map(decoded);
  const row = rows.find((one) => one.workspace === workspace && one.name === name);
  return { row, named: Boolean(workspace && name), tab: TABS.includes(tab) ? tab : TABS[0], deployment };
}

// The address can be typed by hand: an invalid escape is taken literally.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Shows the view that the address names, and listens to its data.
function arrive() {
  if (element("main").hidden) return;
  const { row, named, tab } = place();
  element("overview").hidden = Boolean(row) || (named && !known);
  if (!row || shown?.row.id !== row.id) element("one").hidden = true;
  if (!row) shown = null;
  else choose(tab);
  ask();
}

function ask() {
  const { row, tab } = place();
  const query = row ? { id: row.id, minutes: tab === "details" ? charts.range() : 0, ...(tab === "logs" ? logs.query() : {}) } : {};
  const key = JSON.stringify([query, document.hidden]);
  if (asked === key) return;
  asked = key;
  if (document.hidden) stop();
  else listen(query, { event: (name, data) => take(name, data, query), lost: (reason) => lost(reason, query) });
}

function take(name, data, query) {
  if (name === "trouble") say("line", data.message ?? "");
  if (name === "endpoints") all(data);
  if (name === "gone") gone(query.id);
  if (name === "endpoint") one(data);
  if (name === "rollout") rollout.show(data);
  if (name === "metrics" && shown) charts.show(shown.row.id, shown.deployments.map((deployment) => deployment.name), data);
  if (name === "log") logs.take(data, query);
}

function all(data) {
  rows = data.rows;
  known = true;
  overview.show(data, placeOf);
  if (place().named) arrive(); // the address was set before the list arrived
}

function lost(reason, query) {
  if (reason.status === 404 && query.id) gone(query.id);
  else failed(reason);
}

function gone(id) {
  rows = rows.filter((row) => row.id !== id);
  location.hash = "#/";
}

function one(data) {
  const { deployment } = place();
  shown = data;
  element("one").hidden = false;
  details.show(data, (name) => placeOf(data.row, "logs", name));
  traffic.show(data);
  trial.show(data, failed);
  logs.show(data, deployment);
  ask(); // for a log, now that the deployments are known
}

function choose(tab) {
  for (const name of TABS) {
    const chosen = name === tab;
    element(name).hidden = !chosen;
    element(`tab-${name}`).setAttribute("aria-selected", String(chosen));
    element(`tab-${name}`).tabIndex = chosen ? 0 : -1;
  }
}

function go(tab) {
  const { row } = place();
  if (!row) return;
  choose(tab);
  location.hash = placeOf(row, tab);
}

function keys(event) {
  const at = TABS.indexOf(event.target.dataset.tab);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const next = TABS[(to + TABS.length) % TABS.length];
  go(next);
  element(`tab-${next}`).focus();
}

function failed(refused) {
  if (refused.status === 401) return shut(refused.code === "CodeUsed" ? refused.message : "");
  const away = refused instanceof TypeError || refused.name === "AbortError";
  say("line", away ? "The local Azure does not answer. Trying again …" : refused.message);
}

function shut(reason) {
  const opens = element("signed-out").hidden;
  stop();
  asked = "";
  element("main").hidden = true;
  element("sign-out").hidden = true;
  element("signed-out").hidden = false;
  if (reason || opens) say("signed-out-reason", reason); // a late answer must not remove a reason
  say("line", "");
  details.hideKeys();
  trial.forgetKey();
}

async function enter() {
  const code = /^#code=(.+)$/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", location.pathname);
    await signIn(code);
  }
  if (!wasHere()) return shut("");
  element("signed-out").hidden = true;
  element("main").hidden = false;
  element("sign-out").hidden = false;
  arrive();
}

function leave() {
  stop();
  signOut().then(() => shut("Signed out."), failed);
}

function begin() {
  for (const part of [traffic, details, trial, logs, charts]) part.begin(failed, ask);
  for (const name of TABS) {
    element(`tab-${name}`).addEventListener("click", () => go(name));
    element(`tab-${name}`).addEventListener("keydown", keys);
  }
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    element("main").focus();
  });
  element("sign-out").addEventListener("click", leave);
  addEventListener("hashchange", () => (location.hash.startsWith("#code=") ? enter().catch(failed) : arrive()));
  addEventListener("storage", () => wasHere() || shut("Signed out.")); // in another tab
  document.addEventListener("visibilitychange", ask);
  enter().catch(failed);
}

begin();
